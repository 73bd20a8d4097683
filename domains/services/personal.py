"""What services hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domains.kernel import personal
from domains.kernel.personal import Held, Register, Whom

PERSONAL: Register = {
    "approval": Held(
        subject="requested_by_id decided_by_id",
        person="requested_by delegated_by decided_by requested_by_client",
        contact="delegated_to",
        free_text="reason",
        none="account_name subject_kind label state currency terms role why",
    ),
    "cart": Held(none="po_reference cost_centre"),
    "cart_line": Held(none="name term billing_cycle", free_text="answers"),
    "quote": Held(
        subject="made_by_id decided_by_id",
        person="made_by decided_by",
        free_text="note reason",
        none="number account_name state currency terms",
    ),
    "ordering_rule": Held(none="currency"),
    "approval_limit": Held(none="role currency"),
    "account_ref": Held(none=("name status currency country region time_zone price_book ccp_customer_id ccp_user_id")),
    "change_": Held(
        subject="requested_by_id",
        person="requested_by",
        none="kind mode from_state state currency provider_change_id wish error_code error_detail",
    ),
    "decision": Held(
        subject="owner_id decided_by_id", person="owner decided_by", free_text="note", none="mode outcome"
    ),
    "history_line": Held(subject="by_id", person="by", free_text="facts", none="kind"),
    "drift": Held(
        subject="settled_by_id",
        person="settled_by",
        none=(
            "account_name number name provider provider_subscription_id kind differences seen digest state decision "
            "error_code error_detail"
        ),
        free_text="reason",
    ),
    "reconciliation": Held(none="rule"),
    "bulk_plan": Held(
        subject="made_by_id applied_by_id", person="made_by applied_by", none="number state totals signature"
    ),
    "bulk_row": Held(
        none=("subscription action value number name account_name before terms currency state error_code error_detail")
    ),
    "order_": Held(
        subject="ordered_by_id",
        person="ordered_by",
        none=(
            "number account_name state currency po_reference cost_centre provider provider_order_id error_code "
            "error_detail"
        ),
    ),
    "order_line": Held(
        none=(
            "provider_offer_id name vendor kind unit term billing_cycle currency state error_code error_detail "
            "priced_by"
        ),
        free_text="answers",
    ),
    "preview": Held(none="kind terms signature"),
    "provider_hint": Held(none="provider kind provider_subscription_id"),
    "provider_operation": Held(none="kind state provider_id error_code"),
    "seat_lot": Held(none="source"),
    "subscription": Held(
        none=(
            "number account_name provider provider_offer_id provider_subscription_id name vendor kind "
            "unit term billing_cycle currency state raw_state next_term earlier_plans terms_of_offer policy "
            "error_code error_detail"
        )
    ),
    "catalogue_change": Held(none="name kind before after prices"),
    "catalogue_sync": Held(none="provider kind mark etag"),
    "listing": Held(none="currency term billing_cycle terms billing_cycles"),
    "offer": Held(
        none=(
            "provider provider_offer_id vendor category name description kind unit countries "
            "policy addon_of prerequisites words provider_version digest"
        )
    ),
    "offer_plan": Held(none="currency term billing_cycle"),
    "past_price": Held(none="currency term billing_cycle"),
    "price_agreement": Held(none="reference price_book"),
    "price_book": Held(none="name rounding"),
    "price_book_version": Held(none="rounding rules"),
    "resale_book": Held(none="rounding rules"),
    "price_rule": Held(none="scope target currency term billing_cycle rounding"),
    "promotion": Held(none="provider id name terms"),
    "provider": Held(none="key last_change"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    services_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    services_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that services know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here; doing it again finds nothing more."""
    return Erased(personal.erase(session, PERSONAL, whom))
