"""All talk with cloud computing providers goes through this port; nothing else in the system knows an address of one.

A provider knows us by our own ids: the account's is the tenant's reference, an order's, change's and subscription's
are theirs. So whatever became of a call can be looked up by what we knew before we made it.
"""

from .answers import AlreadyDone as AlreadyDone
from .answers import AuthFailure as AuthFailure
from .answers import Busy as Busy
from .answers import InvalidRequest as InvalidRequest
from .answers import LimitExceeded as LimitExceeded
from .answers import NotAllowedNow as NotAllowedNow
from .answers import NotEligible as NotEligible
from .answers import NotSupported as NotSupported
from .answers import PermanentFailure as PermanentFailure
from .answers import Stale as Stale
from .answers import TemporaryFailure as TemporaryFailure
from .answers import Throttled as Throttled
from .answers import UnknownOutcome as UnknownOutcome
from .answers import Unverified as Unverified
from .capabilities import Capabilities as Capabilities
from .catalogues import CatalogueNews as CatalogueNews
from .catalogues import SaidPromotion as SaidPromotion
from .catalogues import TellsNews as TellsNews
from .facts import CatalogueOffer as CatalogueOffer
from .facts import CataloguePlan as CataloguePlan
from .facts import ChangePolicy as ChangePolicy
from .facts import Customer as Customer
from .facts import HeldSubscription as HeldSubscription
from .facts import MadeChange as MadeChange
from .facts import MonthLine as MonthLine
from .facts import PlacedOrder as PlacedOrder
from .facts import Price as Price
from .facts import Refusal as Refusal
from .facts import User as User
from .news import ChangesPage as ChangesPage
from .news import Hint as Hint
from .port import Provider as Provider
from .registry import keys as keys
from .registry import provider as provider
