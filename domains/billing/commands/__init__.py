"""What billing does: write down charges, know its customers, and make invoices of what a month was charged."""

from .adoptions import AdoptedCharge as AdoptedCharge
from .adoptions import charge_adoption as charge_adoption
from .charges import AcceptedLine as AcceptedLine
from .charges import ChargeLine as ChargeLine
from .charges import charge_change as charge_change
from .charges import charge_order as charge_order
from .charges import charge_plan as charge_plan
from .charges import charge_renewal as charge_renewal
from .customers import forget_customer as forget_customer
from .customers import forget_sandbox as forget_sandbox
from .customers import know_customer as know_customer
from .customers import know_sandbox as know_sandbox
from .downloads import note_download as note_download
from .downloads import note_lines_download as note_lines_download
from .invoices import discard_draft as discard_draft
from .invoices import draft_invoice as draft_invoice
from .invoices import finalise_invoice as finalise_invoice
from .matching import ProviderLine as ProviderLine
from .matching import StrayLine as StrayLine
from .matching import keep_strays as keep_strays
