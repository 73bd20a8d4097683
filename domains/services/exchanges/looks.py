"""A look at one subscription: how it stands at the provider, where others may have changed it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.errors import NotFound
from domains.kernel.messages import Exchange
from domains.kernel.tenancy import Scope

from ..models import ChangeOutcome
from ..providers import provider
from ..providers.readings import outcome_of
from ..queries.subscriptions import find


@dataclass(frozen=True)
class Looked:
    """How the subscription stands; `look` is None when the provider does not know it. Taken over by `apply_look`."""

    look: ChangeOutcome | None


def _intend(session: Session, *, subscription_id: UUID) -> tuple[str, str | None]:
    found = find(session, Scope.system("look at a subscription"), subscription_id)
    return found.provider, found.provider_subscription_id


def _call(wanted: tuple[str, str | None], asked_before: bool) -> ChangeOutcome | None:
    key, provider_subscription_id = wanted
    if provider_subscription_id is None:
        raise NotFound("This subscription was never set up at the provider.", code="not_at_provider")
    ours = provider(key)
    held = ours.get_subscription(provider_subscription_id)
    return outcome_of(held, ours.get_policy(held.id)) if held is not None else None


def _record(session: Session, answer: ChangeOutcome | None, *, subscription_id: UUID) -> Looked:
    return Looked(answer)


look_at_subscription = Exchange("services.look_at_subscription", _intend, _call, _record)
