"""What the coordinator's own database knows of people goes, too: of those that were erased, and of what was exported.

The domains forget a person as steps of `erase-person`; runs belong to no domain. So once that run has ended, ended runs
lose the person's name and addresses here; runs that are under way lose them when they have ended, a day later at most.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Table, and_, cast, not_, or_, select
from sqlalchemy.orm import Session

from domains.kernel import audit
from domains.kernel.columns import LongText
from domains.kernel.personal import Held, Register, Whom
from domains.kernel.scrubbing import scrubbed, told_of
from domains.kernel.searching import holds, spellings

from .tables import db, intervention, run, run_event, run_step

PERSONAL: Register = {
    "run": Held(
        person="payload outputs actor origin error label",
        none="definition business_key request_digest status phase resource_kind waiting_for attention request_id "
        "traceparent tracestate proposed",
    ),
    "run_step": Held(person="body reply error", none="phase name kind queue status"),
    "run_event": Held(person="actor data", none="kind"),
    "intervention": Held(person="actor outputs", free_text="reason", none="op"),
    "definition": Held(none="key shape"),
}
EXPORT, ERASE = "export-person", "erase-person"
FORGOTTEN = "forgotten"  # the label of a run that has nothing more to forget
TOLD: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (run, ("payload", "outputs", "actor", "origin", "error", "label")), (run_step, ("body", "reply", "error")),
    (run_event, ("actor", "data")), (intervention, ("actor", "reason", "outputs")),
)  # fmt: skip


def forget_people() -> int:
    """Forget whoever was erased and what was exported since the last time; returns how many of these runs."""
    with db.begin_read() as session:
        due = run.c.definition.in_((EXPORT, ERASE)), run.c.ended_at.is_not(None), run.c.label != FORGOTTEN
        found = session.execute(select(run).where(*due).order_by(run.c.id).limit(100)).all()
    for one in found:
        with db.begin() as session:
            if one.definition == ERASE and one.status == "completed":
                _forget(session, msgspec.convert(one.payload["whom"], Whom, strict=False))
            _empty(session, one)
    return len(found)


def _forget(session: Session, whom: Whom) -> None:
    """Take a person out of all runs that have ended: by name only out of their own, and their organisations'."""
    ended, theirs = run.c.ended_at.is_not(None), told_of(run.c.actor, whom)
    here = or_(run.c.customer_id.in_(whom.customer_ids), theirs)
    _forget_in(session, whom, select(run.c.id).where(ended, here), here=True)
    _forget_in(session, whom, select(run.c.id).where(ended, not_(here)), here=False)
    audit.erase(session, person_id=whom.person_id, words=whom.words)


def _forget_in(session: Session, whom: Whom, runs: Any, *, here: bool) -> None:
    for table, columns in TOLD:
        told = [told_of(table.c[column], whom) for column in columns]
        names = [way for name in whom.names for way in spellings(name)] if here else []
        told += [holds(cast(table.c[column], LongText), way) for column in columns for way in names]
        theirs = (run.c.id if table is run else table.c.run_id).in_(runs)
        keys = list(table.primary_key.columns)
        for row in session.execute(table.select().where(theirs, or_(*told))).all():
            told_by = {column: {"theirs": here, "called": column == "actor"} for column in columns}
            values = {column: scrubbed(row._mapping[column], whom, **told_by[column]) for column in columns}
            if table is run and row.actor["id"] == str(whom.person_id):
                values["origin"] = {}
            same = and_(*(key == row._mapping[key.name] for key in keys))
            session.execute(table.update().where(same).values(values))


def _empty(session: Session, one: Any) -> None:
    """Take out of a run what it carried about a person; whom it was about stays as an id."""
    whom = one.payload["whom"] | {"names": [], "emails": []}
    payload = {name: value for name, value in one.payload.items() if name not in ("recipient", "facts")}
    values = {"payload": payload | {"whom": whom}, "outputs": {}, "label": FORGOTTEN}
    session.execute(run.update().where(run.c.id == one.id).values(values))
    session.execute(run_step.update().where(run_step.c.run_id == one.id).values(body={}, reply={}))
