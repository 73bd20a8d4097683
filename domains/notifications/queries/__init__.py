"""Reading what was told to whom, and who did what."""

from .copies import copy_faults as copy_faults
from .deliveries import Letter as Letter
from .deliveries import get_export as get_export
from .deliveries import list_deliveries as list_deliveries
from .deliveries import list_exports as list_exports
from .deliveries import mailbox as mailbox
from .trail import Sought as Sought
from .trail import export_entries as export_entries
from .trail import get_entry as get_entry
from .trail import list_entries as list_entries
from .trail import names_of as names_of
