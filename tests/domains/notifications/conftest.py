"""A real mail server that keeps what it is given, and says what a test tells it to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from domains.kernel import database
from domains.kernel.config import Settings
from tests.servers import free_port


class MailServer(Message):
    """What has arrived, newest last; `answers` are given first, one to each e-mail, before it takes any."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.arrived: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.recipients.append(envelope.rcpt_tos)
        return await super().handle_DATA(server, session, envelope)

    def handle_message(self, message: EmailMessage) -> None:
        self.arrived.append(message)


@pytest.fixture
def mail_server(databases: Settings) -> Iterator[MailServer]:
    """The mail server that this test's settings name."""
    handler, port = MailServer(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    database.bind(replace(databases, smtp_url=f"smtp://127.0.0.1:{port}"))
    controller.start()
    yield handler
    controller.stop()
