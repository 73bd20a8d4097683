"""docs/roles.md: who may do what, from the one table in the code and the marks on the views.

`python tools/roles.py docs/roles.md` writes it; a test holds the committed page to the code.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from flask import Flask

import api
import portal
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.users.policy import ROLE_SCOPES, ROLES, SCOPES, STAFF

HEAD = """# Who may do what

Made by `python tools/roles.py docs/roles.md` from [`domains/users/policy.py`](../domains/users/policy.py) and the
marks on the views; a test holds it to the code, another one asks each address in each role. What is not given here,
nobody may do: an app with a view that does not say what it needs does not start.

A role says what somebody may do; their scope says whose things ([tenancy.md](tenancy.md)). The first four roles exist
at every organisation; at a reseller they are over its end-customers, too. The last three are the operator's. A program
has those of its owner's rights that it was made with, and may ask for less.

| role | |
|---|---|
"""


def page() -> str:
    """The page."""
    text = HEAD + "".join(f"| `{role}` | {said} |\n" for role, said in ROLES.items())
    text += "\n## Rights by role\n\n| right | | " + " | ".join(ROLES) + " |\n|---|---|" + "---|" * len(ROLES) + "\n"
    given = {scope for scopes in ROLE_SCOPES.values() for scope in scopes}
    for scope, said in SCOPES.items():
        if scope in given:
            marks = " | ".join("●" if scope in ROLE_SCOPES[role] else "" for role in ROLES)
            text += f"| `{scope}` | {said} | {marks} |\n"
    text += f"\nRoles of the operator's staff: {', '.join(f'`{role}`' for role in STAFF)}.\n"
    settings = Settings(var="var", secret_key="x", assertion_key="x")
    bind(settings)
    for title, app in (("Pages", portal.create_app(settings)), ("Operations of the API", api.create_app(settings))):
        text += f"\n## {title} by right\n\n| right | |\n|---|---|\n" + _by_scope(app)
    return text


def _by_scope(app: Flask) -> str:
    found: dict[str, list[str]] = defaultdict(list)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        scope = getattr(view, "requires", None) or "public"
        methods = "/".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        found[scope].append(f"{methods} {rule.rule}".replace("|", "\\|"))
    order = [*SCOPES, "login", "public"]
    words = {"login": "everybody who has signed in", "public": "everybody"}
    text = ""
    for scope in (one for one in order if one in found):
        at = " · ".join(f"`{one}`" for one in sorted(set(found[scope])))
        text += f"| {words.get(scope, f'`{scope}`')} | {at} |\n"
    return text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
