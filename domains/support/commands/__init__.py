"""What can be done with cases: open, answer, note, attach files, change their status."""

from .attachments import attach as attach
from .attachments import claim_unsearched as claim_unsearched
from .attachments import drop_file as drop_file
from .attachments import has_twin as has_twin
from .attachments import mark_searched as mark_searched
from .attachments import note_download as note_download
from .attachments import put_away_files_of as put_away_files_of
from .cases import LONGEST as LONGEST
from .cases import LinkWish as LinkWish
from .cases import add_reply as add_reply
from .cases import change_status as change_status
from .cases import know_reference as know_reference
from .cases import open_case as open_case
from .drift import open_drift_case as open_drift_case
