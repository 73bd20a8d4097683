"""The talk with the provider: what we ask is written down first, asked under our own id, and its answer kept.

A call that got no answer is never simply repeated: the next try looks up what became of it.
"""

from .accounts import link_ccp_user as link_ccp_user
from .bulk_plans import await_plan as await_plan
from .catalogue import pull_catalogue as pull_catalogue
from .catalogue import read_catalogue as read_catalogue
from .catalogue import sync_catalogue as sync_catalogue
from .changes import send_change as send_change
from .chores import CHORES as CHORES
from .drift import list_held as list_held
from .drift import look_at_drift as look_at_drift
from .drift import revert_at_provider as revert_at_provider
from .hints import take_webhook as take_webhook
from .looks import look_at_subscription as look_at_subscription
from .month import pull_month as pull_month
from .month import pull_strays as pull_strays
from .orders import send_order as send_order
from .renewals import await_renewal as await_renewal
from .tenants import pass_time as pass_time
from .tenants import set_faults as set_faults
