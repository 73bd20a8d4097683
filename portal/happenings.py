"""What has happened to a subscription, in the reader's words, with where more of it is shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.services.queries import Happening

from . import formats

MODES = {"renew": _l("Renew"), "cancel": _l("Let it end"), "bridge": _l("Go on month by month")}
OUTCOMES = {
    "renewed": _l("Renewed"), "bridged": _l("Goes on month by month"), "ended": _l("Ended"),
    "withdrawn": _l("Nothing to decide any more"),
}  # fmt: skip
CHANGES = {
    "cancel": _l("Cancelled"), "suspend": _l("Suspended"), "resume": _l("Resumed"),
    "change_plan": _l("Another plan"), "schedule_next_term": _l("Changes planned for the next term"),
    "extend": _l("Extended"),
}  # fmt: skip
AUDIENCES = {
    "owner": _l("whoever decides"), "owners": _l("the owners, too"),
    "desk": _l("the owners and who looks after the account, too"),
}  # fmt: skip


class Told(NamedTuple):
    """One thing in words: what, one line more, where it is shown, and by which list of states its state is."""

    what: str
    more: str
    href: str
    kind: str


def happened(row: Happening) -> Told:
    """What has happened, in words. What we have no words for keeps its own."""
    say = WORDS.get(row.kind)
    what, more = say(row) if say is not None else (row.action.replace("_", " ").capitalize(), "")
    href = f"/operations/{row.run_id}" if row.run_id and row.kind in ("order", "change", "decision") else ""
    if row.kind == "order":
        href = f"/orders/{row.facts['order_id']}"
    return Told(what, more, href, row.kind if row.kind in ("order", "change") else "")


def _order(row: Happening) -> tuple[str, str]:
    return _("Ordered, %(count)s", count=formats.number(row.facts["quantity"])), str(row.facts["number"])


def _change(row: Happening) -> tuple[str, str]:
    facts = row.facts
    if "to_quantity" in facts:
        return _("Quantity %(before)s to %(after)s", before=facts["from_quantity"], after=facts["to_quantity"]), ""
    if row.action == "end_of_term":
        return _("The provider was told: %(mode)s", mode=MODES.get(facts.get("mode", ""), "")), ""
    if row.action == "cancel" and facts.get("mode") == "end_of_term":
        return _("Cancelled at the end of the term"), ""
    more = _("to %(day)s", day=_day(facts, "to_valid_to")) if "to_valid_to" in facts else ""
    return str(CHANGES.get(row.action, row.action.replace("_", " ").capitalize())), more


def _decision(row: Happening) -> tuple[str, str]:
    mode = MODES.get(row.facts.get("mode", ""), row.action)
    more = _("also for the terms after it") if row.facts.get("standing") else ""
    return _("Decided for %(day)s: %(mode)s", day=_day(row.facts, "term_end"), mode=mode), more


def _owner(row: Happening) -> tuple[str, str]:
    to, before = row.facts.get("owner"), row.facts.get("was_owner")
    more = _("before: %(name)s", name=before) if before else ""
    return (_("Given to %(name)s to decide", name=to) if to else _("Given to the owners to decide")), more


def _reminder(row: Happening) -> tuple[str, str]:
    said = _("Reminded, %(days)s days before it closes", days=row.facts.get("rung", ""))
    whom = row.facts.get("audience", "owner")
    name = row.facts.get("owner") if whom == "owner" else ""
    return said, name or str(AUDIENCES.get(whom, whom))


def _renewal(row: Happening) -> tuple[str, str]:
    what = str(OUTCOMES.get(row.facts.get("outcome", ""), row.action))
    before, after = row.facts.get("old_price", ""), row.facts.get("unit_price", "")
    if before == after:
        return what, _("to %(day)s", day=_day(row.facts, "valid_to")) if "valid_to" in row.facts else ""
    return what, _("a unit costs %(after)s, before %(before)s", after=_price(after), before=_price(before))


def _provider(row: Happening) -> tuple[str, str]:
    if "will" in row.facts:
        will = MODES.get(row.facts["will"], row.facts["will"])
        return _("At the provider somebody decided otherwise: %(mode)s", mode=will), _("it is open again")
    before, after = row.facts.get("before", {}), row.facts.get("after", {})
    said = [f"{NAMES.get(name, name)}: {_word(before.get(name))} → {_word(after[name])}"
            for name in after if before.get(name) != after[name]]  # fmt: skip
    return _("Found at the provider"), ", ".join(said)


NAMES: dict[str, Any] = {
    "quantity": _l("Quantity"), "valid_to": _l("Valid to"), "state": _l("State"), "auto_renew": _l("Renews"),
}  # fmt: skip
WORDS = {
    "order": _order, "change": _change, "decision": _decision, "owner": _owner, "reminder": _reminder,
    "renewal": _renewal, "provider": _provider,
}  # fmt: skip


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value).replace("_", " ")


def _price(said: str) -> str:
    currency, _blank, amount = said.partition(" ")
    return formats.unit_price(Decimal(amount), currency) if amount else said


def _day(facts: dict[str, Any], name: str) -> str:
    return formats.day(date.fromisoformat(facts[name]))
