"""Sending what is queued, outside any transaction."""

from __future__ import annotations

import logging

from domains.kernel import failpoint
from domains.kernel.chores import Chore

from . import commands
from .channels import email
from .models import Delivery, db

log = logging.getLogger(__name__)


def deliver_due(*, most: int = 20) -> int:
    """Send the e-mails whose time has come, at most so many; returns how many were sent.

    A crash between sending and noting sends the e-mail again, under the same Message-ID.
    """
    sent = 0
    for _ in range(most):
        with db.begin() as session:  # one by one: while a slow server takes the first, no claim on the last runs out
            due = commands.claim_due(session, limit=1)
        if not due:
            break
        sent += _deliver(due[0])
    return sent


def _deliver(delivery: Delivery) -> bool:
    try:
        email.send(email.compose(delivery.id, delivery.recipient, delivery.subject, delivery.body))
    except Exception as error:  # the library breaks in many ways on odd addresses; one must not hold up all others
        log.warning("e-mail not sent for now", extra={"delivery": str(delivery.id), "reason": str(error)})
        with db.begin() as session:
            commands.mark_failed(session, delivery_id=delivery.id, error=str(error))
        return False
    failpoint.reach("notifications.deliver.sent")
    with db.begin() as session:
        commands.mark_sent(session, delivery_id=delivery.id)
    return True


CHORES = (Chore(every=1.0, run=deliver_due),)
