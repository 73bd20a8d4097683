"""The committed openapi.json is what the code serves, and what it says is valid OpenAPI 3.1."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from domains.kernel.config import Settings

from .reading import ROOT


@pytest.fixture
def document(settings: Settings) -> dict[str, object]:
    from api import openapi_document

    return json.loads(json.dumps(openapi_document(settings)))


def test_the_committed_description_is_the_codes(document: dict[str, object]) -> None:
    committed = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))

    assert committed == document, "the API has changed: look at the difference, then `make openapi`"


def test_the_description_is_valid(document: dict[str, object]) -> None:
    assert document["openapi"] == "3.1.0"
    validate(document)  # type: ignore[arg-type]
