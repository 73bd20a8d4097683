"""Sending what is queued, outside any transaction."""

from __future__ import annotations

import logging

from domains.kernel import failpoint
from domains.kernel.chores import Chore

from . import commands
from .channels import email
from .models import Delivery, db

log = logging.getLogger(__name__)


def deliver_due() -> int:
    """Send the e-mails whose time has come; returns how many were sent.

    A crash between sending and noting sends the e-mail again, under the same Message-ID.
    """
    with db.begin() as session:
        due = commands.claim_due(session)
    return sum(_deliver(delivery) for delivery in due)


def _deliver(delivery: Delivery) -> bool:
    message = email.compose(delivery.id, delivery.recipient, delivery.subject, delivery.body)
    try:
        email.send(message)
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("e-mail not sent for now", extra={"delivery": str(delivery.id), "reason": str(error)})
        with db.begin() as session:
            commands.mark_failed(session, delivery_id=delivery.id, error=str(error))
        return False
    failpoint.reach("notifications.deliver.sent")
    with db.begin() as session:
        commands.mark_sent(session, delivery_id=delivery.id)
    return True


CHORES = (Chore(every=1.0, run=deliver_due),)
