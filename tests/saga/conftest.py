"""The laboratory: its own database beside the coordinator's, and a transport that a test drives by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domains.kernel.config import Settings
from saga import transports
from saga.transports import inline
from tests.servers import create_database

from . import lab


@pytest.fixture
def transport(settings: Settings, databases: Settings) -> Iterator[inline.Transport]:
    """An inline transport whose only domain is the laboratory."""
    if settings.database_url and not lab.made:
        create_database(settings.database_url_of("lab"))
        lab.made.append("database")
    lab.db.metadata.drop_all(lab.db.engine)
    lab.db.metadata.create_all(lab.db.engine)
    lab.reset()
    made = lab.a_transport()
    with transports.using(made):
        yield made
