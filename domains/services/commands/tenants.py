"""What time has brought to a sandbox tenant."""

from __future__ import annotations

from sqlalchemy.orm import Session

from domains.kernel import clock

from ..models.looks import SubscriptionLook
from .findings import apply_look


def apply_looks(session: Session, *, ahead: int, looks: tuple[SubscriptionLook, ...]) -> None:
    """Take over how a sandbox's subscriptions stand at the time to which its clock has been moved."""
    with clock.ahead_by(ahead):
        for one in looks:
            apply_look(session, subscription_id=one.subscription_id, look=one.look)
