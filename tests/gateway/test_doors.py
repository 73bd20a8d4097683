"""An app with a view that does not say who may come in does not start."""

from __future__ import annotations

import pytest
from flask import Flask

from gateway.doors import Unmarked, refuse_unmarked


def test_a_view_without_a_mark_keeps_the_app_from_starting() -> None:
    app = Flask("planted")

    @app.get("/open")
    def open_door() -> str:
        return ""

    with pytest.raises(Unmarked, match="/open"):
        refuse_unmarked(app)
    open_door.public = True  # type: ignore[attr-defined]
    refuse_unmarked(app)
