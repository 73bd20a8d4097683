"""Who was told that they may not: a line in the log for each time, in every process, whatever domains it holds.

Another tenant's thing is answered like one that is nowhere, and is not known to be anybody's: it is none of these.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, g, request

from domains.kernel.places import place_of

log = logging.getLogger(__name__)


def watch(app: Flask) -> None:
    """Note each 403 of this app with who, for whom, what and from where (ASVS 16.3.2)."""

    @app.after_request
    def note(response: Response) -> Response:
        caller = g.get("caller")
        if response.status_code == 403 and caller is not None:
            who = {"actor_kind": caller.actor.kind, "actor_id": caller.actor.id, "customer_id": str(caller.customer_id)}
            rule = request.url_rule.rule if request.url_rule is not None else ""
            what = {"method": request.method, "address": rule, "place": place_of(request.remote_addr or "")}
            log.warning("refused: no right to this", extra=who | what)
        return response
