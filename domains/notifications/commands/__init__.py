"""What notifications write down: whom to tell what, and the searchable copy of the audit trail."""

from .deliveries import GIVE_UP as GIVE_UP
from .deliveries import LEASE as LEASE
from .deliveries import Letter as Letter
from .deliveries import Person as Person
from .deliveries import RejectedLine as RejectedLine
from .deliveries import claim_due as claim_due
from .deliveries import mark_failed as mark_failed
from .deliveries import mark_sent as mark_sent
from .deliveries import notify as notify
from .deliveries import notify_each as notify_each
from .trail import begin_export as begin_export
from .trail import keep_entries as keep_entries
from .trail import know_organisation as know_organisation
from .trail import note_export as note_export
