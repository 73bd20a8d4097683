"""What there is to ask about ends of terms: decided, reminded of, over and charged; by ids of nothing, mostly."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from domains import billing, services, users
from domains.billing import commands as charge_commands
from domains.billing.commands.charges import RenewedTerm
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import SYSTEM, Scope
from domains.services import commands, queries
from domains.services.commands.decisions import add_line
from domains.services.commands.renewals import _take_offer, _unfinished, _was_bridged
from domains.services.exchanges import await_renewal
from domains.services.models import Decision, Person, Subscription
from domains.users import commands as user_commands
from domains.users.commands.audience import Audience
from saga import ends


def decide_and_remind() -> None:
    """Somebody decides, somebody is reminded, a term is over."""
    scope, key = Scope.operator(), new_id()
    with services.db.begin() as session:
        commands.open_missing(session)
        queries.list_decisions(session, scope, owner_id=key, account_id=key, customer_id=key)
        commands.note_reminder(session, decision_id=key)
        commands.apply_renewal(session, subscription_id=key, look=None)
        add_line(session, (key, key, None), "provider", {})
        _take_offer(session, Subscription(provider_offer_id="x"), "another")
        _unfinished(session, key)
        _was_bridged(session, Decision(subscription_id=key, term_end=date(2027, 1, 1)), "P1M")
    tell_the_provider(scope)
    charge_and_tell()
    ends.begin_renewals("now")
    ends.begin_reminders("now")
    ends.begin_digests("now")
    with services.db.begin() as session:
        commands.sum_up_drift(session, customer_id=new_id(), zone="UTC")
    with users.db.begin() as session:
        user_commands.find_digest_readers(session, customer_id=new_id())


def tell_the_provider(scope: Scope) -> None:
    key, by = new_id(), Person(None, "x", "")
    about: dict[str, Any] = {"subscription_id": key, "customer_id": key}
    with services.db.begin() as session:
        for asked in (
            lambda: commands.decide_here(
                session, scope=scope, subscription_id=key, mode="renew", standing=False, by=SYSTEM
            ),
            lambda: commands.begin_end_of_term(
                session, **about, change_id=key, reseller_id=None, end_mode="renew", requested_by=by
            ),
            lambda: commands.give_decision(session, **about, given_by=by, member=None),
            lambda: await_renewal.intend(session, subscription_id=key),
        ):
            with suppress(DomainError):
                asked()


def charge_and_tell() -> None:
    key = new_id()
    about: dict[str, Any] = {"decision_id": key, "subscription_id": key, "account_id": key, "account_name": "x"}
    about |= {"name": "x", "quantity": 1, "unit_price": UnitPrice(Decimal(1), "EUR"), "charge_now": Money.of(1, "EUR")}
    term = RenewedTerm(outcome="renewed", first=date(2027, 1, 1), charged_until=date(2027, 1, 31), **about)
    with billing.db.begin() as session:
        charge_commands.charge_renewal(session, customer_id=key, reseller_id=None, renewal=term)
    with users.db.begin() as session:
        for reseller_id in (None, key):
            desk = Audience("desk", key)
            user_commands.find_audience(session, customer_id=key, reseller_id=reseller_id, whom=desk)
        with suppress(DomainError):
            user_commands.find_member(session, customer_id=key, reseller_id=None, user_id=None, email="a@b.example")
