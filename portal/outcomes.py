"""How a run has ended, for the customer: what happened, what was reversed, what was charged, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from domains.kernel.money import Money
from saga.tables import Run
from saga.timeline import TimelineStep

from . import formats
from .happenings import MODES

AT_PROVIDER = ("services.send_order", "services.send_change", "services.link_ccp_user")
COSTS = ("place-order", "change-quantity", "cancel-subscription", "extend-subscription", "suspend-subscription",
         "resume-subscription", "change-plan", "schedule-change")  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What stands where the progress stood. `kind` is done, waiting (done in part) or undone.

    `settled` are rows of (what, how it stands now); `refused` are (name, reason) of lines that were not accepted.
    """

    kind: str
    title: str
    text: str = ""
    code: str = ""
    settled: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    again: str | None = None


def outcome_of(run: Run, steps: list[TimelineStep]) -> Outcome:
    """The outcome of a run that has ended."""
    if run.status == "completed":
        return succeeded(run)
    error = run.error or {}
    if run.status == "resolved":
        text = formats.translated(error) or _("If something is not as you expect it, open a case.")
        return Outcome("done" if run.pivoted else "undone", _("Our staff have settled this."), text)
    settled = [
        (_("Charged"), _("Nothing")),
        (_("Reservation"), reservation(run, steps)),
        (_("At the provider"), at_provider(steps)),
    ]
    settled = settled if run.definition in COSTS else []
    if error.get("code") == "canceled":
        return Outcome("undone", canceled(run), settled=settled, again=again(run))
    text = formats.translated(error) or _("We got no clear answer in time.")
    return Outcome("undone", undone(run, steps), text, error.get("code", ""), settled, again=again(run))


def canceled(run: Run) -> str:
    """That it was called off, and that it costs nothing where it would have."""
    return _("This was cancelled. Nothing was charged.") if run.definition in COSTS else _("This was cancelled.")


def undone(run: Run, steps: list[TimelineStep]) -> str:
    """Who said no, and first of all that it costs nothing."""
    if run.definition not in COSTS:
        return _("This came to nothing.")
    if any(step.name in AT_PROVIDER and step.status == "refused" for step in steps):
        return _("The provider refused it. Nothing was charged.")
    return _("This came to nothing. Nothing was charged.")


def reservation(run: Run, steps: list[TimelineStep]) -> str:
    """What became of the amount that was held."""
    held = run.payload.get("reserve")
    undone = any(step.name == "accounts.reserve_spend" and step.status == "undone" for step in steps)
    return _("Released, %(amount)s", amount=formats.money(held)) if undone and held else _("None was made")


def at_provider(steps: list[TimelineStep]) -> str:
    """What is left at the provider: nothing, whether it said no or was never asked."""
    asked = any(step.name in AT_PROVIDER and step.status in ("refused", "undone", "failed") for step in steps)
    return _("Nothing left") if asked else _("Was not asked")


def again(run: Run) -> str | None:
    """Where the same can be asked for once more, with what was typed."""
    if run.definition == "place-order":
        line = run.payload["lines"][0]
        plan = f"{line['term']}.{line['billing_cycle']}"
        order = f"offer={line['offer_id']}&account={run.payload['account_id']}&quantity={line['quantity']}&plan={plan}"
        return f"/orders/new?{order}"
    return f"/subscriptions/{run.resource_id}" if run.resource_kind == "subscription" else None


def succeeded(run: Run) -> Outcome:
    """The outcome of a run that has done what it was for, wholly or in part."""
    if run.definition == "place-order":
        return ordered(run)
    if run.definition == "set-end-of-term":
        mode = run.payload["end_mode"]
        return Outcome("done", _("It is decided: %(mode)s.", mode=MODES.get(mode, mode)))
    if run.definition in COSTS:
        charged = as_money(run.payload["charge_now"])
        return Outcome("done", CHANGED[run.definition](run.payload), settled=[amount_row(charged)])
    return Outcome("done", _("This is done."))


def ordered(run: Run) -> Outcome:
    """An order: which lines the provider accepted, and what they cost."""
    accepted = {line["subscription_id"] for line in run.outputs.get("accepted", ())}
    reasons = {line["subscription_id"]: line["detail"] for line in run.outputs.get("rejected", ())}
    lines = run.payload["lines"]
    nothing = Money.zero(run.payload["currency"])
    charged = sum((as_money(line["charge_now"]) for line in lines if line["subscription_id"] in accepted), nothing)
    refused = [(line["name"], _(reasons[key])) for line in lines if (key := line["subscription_id"]) in reasons]
    title = ngettext("The subscription is active.", "The subscriptions are active.", len(accepted))
    if refused:
        title = _("Some lines were refused. The others are active.")
    return Outcome("waiting" if refused else "done", title, settled=[amount_row(charged)], refused=refused)


def amount_row(charged: Money) -> tuple[str, str]:
    """What was charged, or what comes back."""
    if charged.amount < 0:
        return _("Comes back"), _("%(amount)s, net", amount=formats.money(-charged))
    return _("Charged"), _("%(amount)s, net", amount=formats.money(charged)) if charged.amount else _("Nothing")


def as_money(value: dict[str, Any]) -> Money:
    """Money as it stands in a payload."""
    return Money.of(Decimal(value["amount"]), value["currency"])


def _quantity_changed(payload: dict[str, Any]) -> str:
    now, before = formats.number(payload["to_quantity"]), formats.number(payload["from_quantity"])
    return _("The quantity is %(now)s now; it was %(before)s.", now=now, before=before)


def _canceled(payload: dict[str, Any]) -> str:
    if payload["mode"] == "end_of_term":
        return _("It ends on %(day)s and will not renew.", day=formats.day(payload["valid_to"]))
    return _("It has been cancelled.")


def _extended(payload: dict[str, Any]) -> str:
    return _("It runs to %(day)s now.", day=formats.day(payload["valid_to_wish"]))


def _suspended(payload: dict[str, Any]) -> str:
    return _("It is suspended. It is billed on until you resume it or it ends.")


def _resumed(payload: dict[str, Any]) -> str:
    return _("It can be used again.")


def _plan_changed(payload: dict[str, Any]) -> str:
    return _("It is %(plan)s now, until %(day)s.", plan=payload["plan"]["name"],
             day=formats.day(payload["plan"]["valid_to"]))  # fmt: skip


def _planned(payload: dict[str, Any]) -> str:
    day = formats.day(payload["effective_on"])
    if payload["next_term"] is None:
        return _("Nothing is planned any more: it renews on %(day)s as it is.", day=day)
    return _("It is planned for %(day)s, when the next term begins.", day=day)


CHANGED = {
    "suspend-subscription": _suspended, "resume-subscription": _resumed, "change-plan": _plan_changed,
    "schedule-change": _planned,
    "change-quantity": _quantity_changed, "cancel-subscription": _canceled, "extend-subscription": _extended,
}  # fmt: skip
