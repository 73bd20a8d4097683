"""People, their memberships and logins, programs and their secrets, and what each customer lets in."""

from .organisations import Organisation as Organisation
from .organisations import db as db
from .organisations import theirs as theirs
from .people import FORMATS as FORMATS
from .people import LANGUAGES as LANGUAGES
from .people import THEMES as THEMES
from .people import Login as Login
from .people import Membership as Membership
from .people import OneTime as OneTime
from .people import Passkey as Passkey
from .people import RecoveryCode as RecoveryCode
from .people import Throttle as Throttle
from .people import Totp as Totp
from .people import User as User
from .people import ascii_domain as ascii_domain
from .people import email_key as email_key
from .people import is_address as is_address
from .programs import ApiClient as ApiClient
from .programs import Credential as Credential
from .sign_on import PROVED as PROVED
from .sign_on import Identity as Identity
from .sign_on import SignOn as SignOn
from .sign_on import SignOnDomain as SignOnDomain
from .support import Erasure as Erasure
from .support import SupportGrant as SupportGrant
from .support import SupportUse as SupportUse
