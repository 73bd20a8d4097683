"""What travels through the opening and the closing of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.money import Money
from domains.kernel.tenancy import Caller

from .people import Person, person_of


class Customer(Protocol):
    """What is known of the customer that opens it (the projection that `accounts` keeps)."""

    customer_id: Any
    reseller_id: Any
    name: Any
    currency: Any
    country: Any
    region: Any
    time_zone: Any
    price_book: Any


@dataclass(frozen=True, kw_only=True)
class OpenAccount:
    """The account to open, with what the provider needs to know of its customer."""

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    name: str
    cost_centre: str | None
    po_reference: str | None
    budget: Money | None
    currency: str
    country: str
    region: str
    time_zone: str
    price_book: str
    contact: Person
    delivery_id: UUID
    recipient: Person
    template: str
    facts: dict[str, Any]

    @classmethod
    def of(
        cls,
        customer: Customer,
        caller: Caller,
        *,
        name: str,
        cost_centre: str | None = None,
        po_reference: str | None = None,
        budget: Money | None = None,
    ) -> OpenAccount:
        """A new account of this customer, asked for by this caller."""
        person = person_of(caller)
        return cls(
            account_id=new_id(),
            customer_id=customer.customer_id,
            reseller_id=customer.reseller_id,
            name=name,
            cost_centre=cost_centre,
            po_reference=po_reference,
            budget=budget,
            currency=customer.currency,
            country=customer.country,
            region=customer.region,
            time_zone=customer.time_zone,
            price_book=customer.price_book,
            contact=person,
            delivery_id=new_id(),
            recipient=person,
            template="account_opened",
            facts={"account": name, "customer": customer.name},
        )

    @property
    def opening(self) -> dict[str, Any]:
        """What `accounts.check_opening` looks at before anything is started."""
        return {"account_id": self.account_id, "name": self.name, "budget": self.budget}

    @property
    def label(self) -> str:
        return self.name

    @property
    def resource(self) -> tuple[str, UUID]:
        return "account", self.account_id


@dataclass(frozen=True, kw_only=True)
class CloseAccount:
    """The account to close, as it was seen."""

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    name: str
    expected_version: int | None
    delivery_id: UUID
    recipient: Person
    template: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, account: Any, caller: Caller, expected_version: int | None) -> CloseAccount:
        """This account (a row of `accounts`), asked for by this caller."""
        return cls(
            account_id=account.id, customer_id=account.customer_id, reseller_id=account.reseller_id, name=account.name,
            expected_version=expected_version, delivery_id=new_id(), recipient=person_of(caller),
            template="account_closed", facts={"account": account.name},
        )  # fmt: skip

    @property
    def label(self) -> str:
        return self.name

    @property
    def resource(self) -> tuple[str, UUID]:
        return "account", self.account_id
