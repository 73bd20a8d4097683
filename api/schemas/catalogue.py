"""Syncs of the catalogue and what they have changed, on the wire."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Paged, Request, page_of
from .values import Choice, Word, count, identifier, moment

KINDS = ("added", "changed", "ended")


class CatalogueSync(Answer):
    """One time that a provider's catalogue was read: all of it, or what had changed."""

    id = identifier()
    provider = fields.String()
    kind = Word("full", "incremental")
    ended_at = moment()
    offers = count()
    added = count()
    changed = count()
    ended = count()


CatalogueSyncList = page_of(CatalogueSync)


class CatalogueSyncRequest(Request):
    """How much to read."""

    full = fields.Boolean(load_default=False, metadata={"description": "All of it; else what has changed."})


class FieldChange(Answer):
    """A field of an offer, before and after."""

    field = fields.String()
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class PlanPriceChange(Answer):
    """What a plan costs us, and its list price, each before and after; null where there was or is none."""

    term = fields.String()
    billing_cycle = fields.String()
    currency = fields.String()
    purchase_price = fields.List(fields.String(allow_none=True))
    list_price = fields.List(fields.String(allow_none=True))


class CatalogueChange(Answer):
    """What a sync has changed of an offer. `prices` is null but for the operator."""

    id = identifier()
    sync_id = identifier()
    offer_id = identifier()
    name = fields.String()
    kind = Word(*KINDS)
    at = moment()
    fields_ = fields.List(fields.Nested(FieldChange), data_key="fields", attribute="fields")
    prices = fields.List(fields.Nested(PlanPriceChange), allow_none=True)


CatalogueChangeList = page_of(CatalogueChange)


class CatalogueChangeQuery(Paged):
    """Which changes to list."""

    sync_id = identifier("Only those of this sync.")
    offer_id = identifier("Only those of this offer.")
    kind = Choice("CatalogueChangeKind", KINDS)
