"""A stage for each adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.domains.services.providers.stages import SERVERS, STAGES, Stage


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each adapter before its own provider, whose customer is known there."""
    request.getfixturevalue("sandbox")  # also binds settings, databases and the like
    for made in STAGES[request.param](request.getfixturevalue(SERVERS[request.param])):
        tenant = {"name": "Contoso", "country": "NL", "region": "eu", "email": "it@contoso.example"}
        made.provider.ensure_customer(made.customer, **tenant)
        yield made
