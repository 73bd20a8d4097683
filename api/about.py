"""What a case is about, looked up in the caller's scope: its things decide whose case it is."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.errors import Invalid
from domains.kernel.tenancy import Caller
from domains.support import queries
from domains.support.commands import LinkWish
from saga import store, tables


class About(NamedTuple):
    """Whose case it is, and its links."""

    customer_id: UUID
    reseller_id: UUID | None
    links: list[LinkWish]


def what_it_is_about(session: Session, caller: Caller, links: list[dict[str, Any]], account_id: UUID | None) -> About:
    """Look up an account and links. Refuses what is not the caller's, and things of two customers in one case.

    Support does not know operations, so they are looked up here.
    """
    wished = [*([{"kind": "account", "id": account_id}] if account_id else []), *links]
    found = [_found(session, caller, **link) for link in wished]
    owners = {(one.customer_id, one.reseller_id) for one, _ in found} or {(caller.customer_id, caller.reseller_id)}
    customer_id, reseller_id = owners.pop()
    if owners:
        raise Invalid("A case is about one customer's things.", code="link_of_another_customer", field="links")
    if customer_id is None:
        raise Invalid("Link something, so that it is known whose case it is.", code="customer_missing", field="links")
    return About(customer_id, reseller_id, [link for _, link in found])


def _found(session: Session, caller: Caller, kind: str, id: UUID) -> tuple[Any, LinkWish]:
    if kind != "operation":
        return queries.reference(session, caller.scope, kind, id), LinkWish(kind, id)
    with tables.db.begin_read() as runs:
        run = store.get(runs, caller.scope, id)
    return run, LinkWish("operation", id, run.label)
