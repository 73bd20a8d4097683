"""Reading accounts: one, many, what they cost from month to month, and what is known of their customers."""

from .accounts import customer_ref as customer_ref
from .accounts import get as get
from .accounts import list_accounts as list_accounts
from .budgets import Month as Month
from .budgets import Outlook as Outlook
from .budgets import Spend as Spend
from .budgets import list_outlooks as list_outlooks
from .budgets import outlook as outlook
from .budgets import spend_left as spend_left
