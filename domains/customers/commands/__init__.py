"""What can be done with customers: register, activate, change; and with their sandboxes."""

from ..models import ADDRESS as ADDRESS
from ..models import CURRENCIES as CURRENCIES
from ..models import LANGUAGES as LANGUAGES
from ..models import check as check
from ..models import check_newcomer as check_newcomer
from ..models import region_of as region_of
from .customers import COUNTRIES as COUNTRIES
from .customers import activate_customer as activate_customer
from .customers import discard_customer as discard_customer
from .customers import register_customer as register_customer
from .customers import update_customer as update_customer
from .sandboxes import FAULT_KINDS as FAULT_KINDS
from .sandboxes import FAULT_OPERATIONS as FAULT_OPERATIONS
from .sandboxes import MOST_FAULTS as MOST_FAULTS
from .sandboxes import SandboxFacts as SandboxFacts
from .sandboxes import activate_sandbox as activate_sandbox
from .sandboxes import advance_clock as advance_clock
from .sandboxes import check_possible as check_possible
from .sandboxes import check_step as check_step
from .sandboxes import clean_fault as clean_fault
from .sandboxes import discard_sandbox as discard_sandbox
from .sandboxes import register_sandbox as register_sandbox
from .sandboxes import seconds_ahead as seconds_ahead
from .sandboxes import set_faults as set_faults
