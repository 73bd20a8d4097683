"""Webhooks of providers: verified, and noted as hints. They change nothing by themselves; whoever takes them looks."""

from __future__ import annotations

from collections.abc import Mapping

from domains.kernel.errors import NotFound, Refused
from domains.kernel.tenancy import Scope, within

from ..commands import note_hints
from ..models import db
from ..providers import Unverified, keys, provider


def take_webhook(key: str, headers: Mapping[str, str], body: bytes) -> int:
    """Note what a provider's webhook hints at; the same one again notes nothing. Gives how many hints are new.

    Refuses what its provider has not signed, or not within five minutes (`webhook_unverified`), and a provider that is
    none of ours, or signs nothing.
    """
    if key not in keys() or not provider(key).capabilities().signs_webhooks:
        raise NotFound("There is nothing at this address.", code="not_found")
    try:
        hints = provider(key).parse_webhook(headers, body)
    except Unverified as why:
        raise Refused(
            "This is not signed with the secret that we have agreed on, or was signed more than five minutes ago.",
            code="webhook_unverified",
        ) from why
    with within(Scope.system("a provider's webhook")), db.begin() as session:
        return note_hints(session, provider=key, hints=hints)
