"""Open accounts, the places that software is bought for and paid from, and see who they are at the provider."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from flask import g
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.kernel.errors import NotFound
from saga.flows.close_account import close_account as close_flow
from saga.flows.open_account import open_account
from saga.payloads.account import CloseAccount, OpenAccount

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .etags import if_match, same_version
from .idempotency import once
from .schemas import listing
from .schemas.accounts import Account, AccountDetail, AccountList, AccountPatch, AccountQuery, AccountRequest, CcpUser
from .starting import Start, starts

blp = Blueprint("accounts", __name__, url_prefix="/accounts", description=__doc__)


@blp.get("")
@requires("accounts:read")
@blp.query(AccountQuery)
@blp.response(200, AccountList)
def list_accounts(wish: dict[str, Any]) -> Any:
    """List accounts, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_accounts(session, g.caller.scope, **wish))


@blp.get("/<uuid:account_id>")
@requires("accounts:read")
@blp.response(200, AccountDetail, etag="body")
def get_account(account_id: UUID) -> Any:
    """Get an account with what it may still spend."""
    with db.begin_read() as session:
        return _detail(session, account_id)


@blp.post("")
@requires("accounts:write")
@blp.arguments(AccountRequest)
@starts
def create_account(wish: dict[str, Any]) -> Start:
    """Open an account. The provider makes a user for it."""
    with db.begin_read() as session:
        customer = queries.customer_ref(session, g.caller.scope, customer_meant(wish))
        payload = OpenAccount.of(customer, g.caller, **wish)
        commands.check_opening(session, customer, **payload.opening)
    return Start(open_account, payload)


@blp.patch("/<uuid:account_id>")
@requires("accounts:write")
@blp.arguments(AccountPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, AccountDetail, etag="body")
def update_account(session: Session, changes: dict[str, Any], account_id: UUID, expected_version: int | None) -> Any:
    """Change an account's name, references, tags or budget."""
    known: dict[str, Any] = {"account_id": account_id, "expected_version": expected_version}
    commands.update_account(session, scope=g.caller.scope, **known, **changes)
    return _detail(session, account_id)


@blp.post("/<uuid:account_id>/close")
@requires("accounts:write")
@starts
@if_match(required=False)
def close_account(account_id: UUID, expected_version: int | None) -> Start:
    """Close an account in which nothing runs any more. Its invoices and history stay."""
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
        same_version(expected_version, account.version)
        commands.check_closing(session, account, None)
    return Start(close_flow, CloseAccount.of(account, g.caller, expected_version))


@blp.get("/<uuid:account_id>/ccp-user")
@requires("accounts:read")
@blp.response(200, CcpUser)
def get_ccp_user(account_id: UUID) -> Any:
    """Get the user that an account has at the cloud computing provider."""
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
    return _linked_user(account) | {"account_id": account_id, "looked_at": account.ccp_seen_at}


def _detail(session: Session, account_id: UUID) -> dict[str, Any]:
    """An account as its model has it, with its spend beside it."""
    account = queries.get(session, g.caller.scope, account_id)
    facts = {
        field.attribute or name: getattr(account, field.attribute or name) for name, field in Account().fields.items()
    }
    return facts | {"spend": queries.spend_left(session, g.caller.scope, account_id)}


def _linked_user(account: Any) -> dict[str, Any]:
    if account.ccp_user is None:
        raise NotFound("This account has no user at the provider yet: it is still being opened.", code="not_linked_yet")
    return vars(msgspec.convert(account.ccp_user, commands.CcpUser, strict=False))
