"""What the providers' catalogues have changed, and reading them at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.services import db, queries
from saga.flows.sync_catalogue import SyncCatalogue, sync_catalogue

from .auth import requires
from .blueprint import Blueprint
from .schemas import Paged, listing
from .schemas.catalogue import (
    CatalogueChangeList,
    CatalogueChangeQuery,
    CatalogueSync,
    CatalogueSyncList,
    CatalogueSyncRequest,
)
from .starting import Start, starts

blp = Blueprint("catalogue", __name__, description=__doc__)


@blp.get("/catalogue-syncs")
@requires("offers:read")
@blp.query(Paged)
@blp.response(200, CatalogueSyncList)
def list_catalogue_syncs(wish: dict[str, Any]) -> Any:
    """List the times that a catalogue was read, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_syncs(session, **wish))


@blp.get("/catalogue-syncs/<uuid:sync_id>")
@requires("offers:read")
@blp.response(200, CatalogueSync)
def get_catalogue_sync(sync_id: UUID) -> Any:
    """Get one time that a catalogue was read."""
    with db.begin_read() as session:
        return queries.get_sync(session, sync_id)


@blp.post("/catalogue-syncs")
@requires("catalogue:write")
@blp.arguments(CatalogueSyncRequest)
@starts
def start_catalogue_sync(wish: dict[str, Any]) -> Start:
    """Read the providers' catalogues at once."""
    queries.check_keeper(g.caller.scope)
    return Start(sync_catalogue, SyncCatalogue(full=wish["full"]))


@blp.get("/catalogue-changes")
@requires("offers:read")
@blp.query(CatalogueChangeQuery)
@blp.response(200, CatalogueChangeList)
def list_catalogue_changes(wish: dict[str, Any]) -> Any:
    """List what has changed of offers, newest first. What they cost us is told to the operator alone."""
    with db.begin_read() as session:
        return listing(queries.list_offer_changes(session, g.caller.scope, **wish))
