"""Files that are put to a case at the portal: searched first, saved and never shown, refused at their field."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from domains.kernel.config import Settings
from domains.support.exchanges import search_waiting

from .conftest import made
from .visitor import Visitor, a_person, form_on, summary_of, text_of

TYPED = {"subject": "Help", "description": "It does not work.", "impact": "high"}


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def owner(app: Flask) -> Visitor:
    return Visitor(app, a_person())


def with_file(owner: Visitor, at: str, content: bytes, name: str) -> TestResponse:
    fields = form_on(owner.get(at), f"{at}/attachments") or {}
    data = {**{key: value for key, value in fields.items() if key != "file"}, "file": (io.BytesIO(content), name)}
    return owner.open("POST", f"{at}/attachments", data=data, content_type="multipart/form-data")


@pytest.mark.asvs("5.4.2", "5.4.3")
def test_a_file_is_put_to_a_case_and_can_be_had_once_it_was_searched(app: Flask, owner: Visitor) -> None:
    at = owner.send(owner.get("/cases/new"), "/cases", **TYPED).location

    sent = with_file(owner, at, b"%PDF-1.7 it broke", "error <b>.pdf")
    waiting = text_of(owner.get(at))
    search_waiting()
    page = owner.get(at)
    link = re.search(rf'href="({at}/attachments/[^"]+)"', page.get_data(as_text=True))

    assert sent.status_code == 303
    assert "Being searched" in waiting and "error _b_.pdf" in text_of(page)
    assert link is not None
    got = owner.get(link[1])
    assert (got.status_code, got.data, got.mimetype) == (200, b"%PDF-1.7 it broke", "application/octet-stream")
    assert got.headers["Content-Security-Policy"].endswith("sandbox")
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert Visitor(app, a_person()).get(link[1]).status_code == 404


@pytest.mark.parametrize(("content", "name", "words"), [(b"%PDF-", "a.exe", "kind are not taken"), (b"", "", "Choose"),
                                                        (b"MZ", "a.pdf", "its content is no pdf")])  # fmt: skip
def test_a_file_that_is_not_taken_is_said_at_its_field(owner: Visitor, content: bytes, name: str, words: str) -> None:
    at = owner.send(owner.get("/cases/new"), "/cases", **TYPED).location

    answer = with_file(owner, at, content, name)

    assert (answer.status_code, words in summary_of(answer)) == (422, True)
    assert 'id="file-error"' in answer.get_data(as_text=True)
