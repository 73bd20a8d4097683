"""E-mail: by SMTP, or into a folder where a developer can read it."""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from domains.kernel import config

TIMEOUT = 10.0  # seconds


def compose(delivery_id: UUID, recipient: str, subject: str, body: str) -> EmailMessage:
    """An e-mail whose Message-ID is the delivery's: the same one again is known as the same."""
    settings, message = config.current(), EmailMessage()
    domain = parseaddr(settings.mail_from)[1].partition("@")[2] or make_msgid().partition("@")[2]
    message["Message-ID"] = f"<{delivery_id}@{domain}>"
    message["Date"] = formatdate(usegmt=True)
    message["From"], message["To"], message["Subject"] = settings.mail_from, recipient, one_line(subject)
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
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname or "localhost", server.port or 25, timeout=TIMEOUT) as connection:
        connection.ehlo()
        if server.scheme == "smtp" and (connection.has_extn("starttls") or server.password):
            connection.starttls()
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def mailbox_folder() -> Path:
    """Where e-mails lie when there is no mail server."""
    return Path(config.current().var) / "mailbox"


def _to_folder(message: EmailMessage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    partial = folder / f".{name}-{os.getpid()}"
    partial.write_bytes(message.as_bytes())
    partial.replace(folder / f"{name}.eml")
