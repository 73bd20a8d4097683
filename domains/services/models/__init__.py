"""The tables of services: the catalogue with its prices, promises, orders, subscriptions and their changes."""

from .catalogue import Listing as Listing
from .catalogue import Offer as Offer
from .catalogue import OfferPlan as OfferPlan
from .catalogue import PriceBook as PriceBook
from .catalogue import PriceRule as PriceRule
from .catalogue import Provider as Provider
from .database import db as db
from .facts import AcceptedLine as AcceptedLine
from .facts import CatalogueChange as CatalogueChange
from .facts import CcpCustomer as CcpCustomer
from .facts import CcpUser as CcpUser
from .facts import ChangeOutcome as ChangeOutcome
from .facts import Person as Person
from .facts import Policy as Policy
from .facts import ProviderLine as ProviderLine
from .facts import RejectedLine as RejectedLine
from .facts import StrayLine as StrayLine
from .orders import AccountRef as AccountRef
from .orders import Line as Line
from .orders import Order as Order
from .orders import Preview as Preview
from .orders import ProviderOperation as ProviderOperation
from .subscriptions import Change as Change
from .subscriptions import SeatLot as SeatLot
from .subscriptions import Subscription as Subscription
