"""Reading services: the catalogue, terms, orders and subscriptions, always within the caller's scope."""

from ..pricing import LineWish as LineWish
from .accounts import active_account as active_account
from .accounts import get_account as get_account
from .accounts import list_accounts as list_accounts
from .catalogue import Market as Market
from .catalogue import OfferView as OfferView
from .catalogue import get_offer as get_offer
from .catalogue import market_of as market_of
from .changes import ChangePreview as ChangePreview
from .changes import change_preview as change_preview
from .changes import change_terms as change_terms
from .orders import OrderView as OrderView
from .orders import get_order as get_order
from .orders import list_orders as list_orders
from .search import OfferCard as OfferCard
from .search import OfferPage as OfferPage
from .search import search_offers as search_offers
from .subscriptions import SubscriptionView as SubscriptionView
from .subscriptions import count_by_state as count_by_state
from .subscriptions import expiring as expiring
from .subscriptions import get_subscription as get_subscription
from .subscriptions import list_changes as list_changes
from .subscriptions import list_subscriptions as list_subscriptions
from .subscriptions import past_their_end as past_their_end
from .terms import order_terms as order_terms
