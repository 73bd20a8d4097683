"""Who is calling: the browser's login token and the program's access token, as a Caller, and undone in time."""

from .epochs import forget_epoch as forget_epoch
from .epochs import memory as memory
from .keys import jwks as jwks
from .keys import public_key as public_key
from .logins import caller_of_login as caller_of_login
from .logins import home_scope as home_scope
from .programs import ACCESS_LASTS as ACCESS_LASTS
from .programs import caller_of_bearer as caller_of_bearer
from .programs import issue_access_token as issue_access_token
from .programs import live_client as live_client
from .programs import new_client_id as new_client_id
from .programs import new_secret as new_secret
from .programs import note_use as note_use
from .programs import own_token as own_token
from .proving import ASSERTION_ALGORITHMS as ASSERTION_ALGORITHMS
from .proving import Untrue as Untrue
from .proving import audience as audience
from .proving import claimed_client as claimed_client
from .proving import proven_by_key as proven_by_key
from .refusals import forget_noted as forget_noted
from .refusals import note_refusal as note_refusal
from .steps import Half as Half
from .steps import half_of_login as half_of_login
from .steps import prove as prove
from .steps import sign_in as sign_in
from .steps import sign_in_by_passkey as sign_in_by_passkey
