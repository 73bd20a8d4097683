"""E-mail: by SMTP, or into a folder where a developer can read it."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

from domains.kernel import config

TIMEOUT = 10.0  # seconds


def compose(delivery_id: UUID, recipient: str, subject: str, body: str) -> EmailMessage:
    """An e-mail whose Message-ID is the delivery's: the same one again is known as the same.

    `recipient` is one bare address; anything else is an error, as what looks like two would reach a stranger.
    """
    if parseaddr(recipient)[1] != recipient:
        raise ValueError(f"“{recipient}” is not one address")
    settings, message = config.current(), EmailMessage()
    domain = parseaddr(settings.mail_from)[1].partition("@")[2] or make_msgid().partition("@")[2]
    message["Message-ID"] = f"<{delivery_id}@{domain}>"
    message["Date"] = formatdate(usegmt=True)
    message["From"], message["Subject"] = settings.mail_from, one_line(subject)
    message["To"] = recipient
    message.set_content(body)
    return message


def one_line(text: str) -> str:
    """Text that cannot add a header line."""
    return " ".join(text.split())


def send(message: EmailMessage) -> None:
    """Hand an e-mail over: to the settings' mail server, else to the local mailbox. Raises OSError if it fails."""
    if config.current().smtp_url:
        _by_smtp(message, config.current().smtp_url)
    else:
        _to_folder(message, mailbox_folder())


def _by_smtp(message: EmailMessage, url: str) -> None:
    """smtp:// goes on in TLS when the server offers it, and must where a password is sent; smtps:// begins in TLS."""
    server = urlsplit(url)
    with _connected(server) as connection:
        connection.ehlo()
        if server.scheme == "smtp" and (connection.has_extn("starttls") or server.password):
            # Without a password, TLS with anybody is better than none; a password goes to a server that proves itself.
            connection.starttls(context=ssl.create_default_context() if server.password else None)
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _connected(server: SplitResult) -> smtplib.SMTP:
    host = server.hostname or "localhost"
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=ssl.create_default_context())
    return smtplib.SMTP(host, server.port or 25, timeout=TIMEOUT)


def mailbox_folder() -> Path:
    """Where e-mails lie when there is no mail server."""
    return Path(config.current().var) / "mailbox"


def _to_folder(message: EmailMessage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    partial = folder / f".{name}-{os.getpid()}"
    partial.write_bytes(message.as_bytes())
    partial.replace(folder / f"{name}.eml")
