"""What can be done with people and programs: add, let in, shut out, change."""

from ..models import CLIENT_SCOPES as CLIENT_SCOPES
from ..models import FORMATS as FORMATS
from ..models import LANGUAGES as LANGUAGES
from ..models import ROLE_SCOPES as ROLE_SCOPES
from ..models import STAFF as STAFF
from ..models import THEMES as THEMES
from .invitations import accept_invitation as accept_invitation
from .invitations import decline_invitation as decline_invitation
from .invitations import work_for as work_for
from .logins import Denied as Denied
from .logins import SignedIn as SignedIn
from .logins import act_for as act_for
from .logins import forget_ended_logins as forget_ended_logins
from .logins import sign_in as sign_in
from .logins import sign_out as sign_out
from .people import add_organisation as add_organisation
from .people import add_user as add_user
from .people import disable_user as disable_user
from .people import know_organisation as know_organisation
from .people import remove_organisation as remove_organisation
from .people import set_password as set_password
from .people import update_preferences as update_preferences
from .programs import create_api_client as create_api_client
from .programs import disable_client as disable_client
from .programs import rotate_secret as rotate_secret
from .readings import note_reading as note_reading
