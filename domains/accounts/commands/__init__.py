"""What can be done with accounts: open, change, close, hold an amount and settle it, learn about customers."""

from ..models import BEYOND as BEYOND
from .accounts import CcpCustomer as CcpCustomer
from .accounts import CcpUser as CcpUser
from .accounts import activate_account as activate_account
from .accounts import check_opening as check_opening
from .accounts import discard_account as discard_account
from .accounts import open_account as open_account
from .accounts import update_account as update_account
from .budgets import know_commitment as know_commitment
from .budgets import set_budget as set_budget
from .budgets import warn as warn
from .closing import begin_closing as begin_closing
from .closing import check_closing as check_closing
from .closing import close_account as close_account
from .closing import keep_open as keep_open
from .customers import forget_customer as forget_customer
from .customers import forget_sandbox as forget_sandbox
from .customers import know_customer as know_customer
from .customers import know_sandbox as know_sandbox
from .spending import confirm_reservation as confirm_reservation
from .spending import release_reservation as release_reservation
from .spending import reserve_approved as reserve_approved
from .spending import reserve_spend as reserve_spend
from .standing import tell_standings as tell_standings
