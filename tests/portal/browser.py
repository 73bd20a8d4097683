"""A browser that has signed in, as the gateway knows it at each request anew."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

from domains.users import tokens
from tests.factories.users import signed_in

from .visitor import Visitor


class Browser(Visitor):
    """Holds a login; who that is may be different after each request."""

    def __init__(self, app: Flask, user_id: UUID) -> None:
        caller, self.token = signed_in(user_id)
        super().__init__(app, caller)

    def open(self, *asked: Any, **options: Any) -> TestResponse:
        self.caller = tokens.caller_of_login(self.token)
        return super().open(*asked, **options)
