"""Programs that are changed, for the story in which everybody does everything once."""

from __future__ import annotations

from typing import Any

from domains import users
from domains.kernel.tenancy import Scope
from domains.users import commands as user_commands
from domains.users.commands import CLIENT_SCOPES


def change_programs(session: Any, scope: Scope) -> None:
    known: dict[str, Any] = {"scope": scope, "within": CLIENT_SCOPES, "client_id": "eu-1", "expected_version": None}
    client = user_commands.add_secret(session, **known, secret="css_y")
    user_commands.note_use(session, client_id="eu-1", credential_id=client.live[0].id)
    user_commands.remove_credential(session, **known, credential_id=client.live[0].id, kind="secret")
    user_commands.update_client(session, **known, name="Stock desk")
    user_commands.set_client_status(session, **known, status="disabled")
    user_commands.end_tokens(session, client_id="eu-1")
    user_commands.spend_assertion(session, client_id="eu-1", jti="1")
    user_commands.note_refusal(session, action="users.refuse_token", why="signature", client_id="eu-1")
    user_commands.note_refusal(session, action="users.refuse_token", why="malformed")
    users.queries.get_client(session, scope, "eu-1")
    users.queries.list_clients(session, scope, cursor=users.queries.list_clients(session, scope, limit=1).next_cursor)
    user_commands.delete_client(session, **known)
