"""What users know of customers, and the database of users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Text
from domains.kernel.database import Database
from domains.kernel.tenancy import Scope

from ..policy import DESK_SCOPES

# Who is calling is found out here, before anybody has a scope, and one person is a member of several customers.
db = Database("users", shielded=False)


class Organisation(db.Model):
    """What users know of a customer; the owner of these facts is `customers`."""

    __tablename__ = "organisation"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Text(16))
    name: Mapped[str] = mapped_column(Text(120))
    region: Mapped[str] = mapped_column(Text(8))
    currency: Mapped[str] = mapped_column(Text(3))
    status: Mapped[str] = mapped_column(Text(16))
    version: Mapped[int] = mapped_column(Count)
    second_factor: Mapped[str] = mapped_column(Text(10), server_default="optional")  # or required, of its people
    sandbox_of: Mapped[UUID | None] = mapped_column(Id)  # the live customer whose sandbox this is
    clock_ahead: Mapped[int] = mapped_column(Count, server_default="0")  # seconds, of a sandbox only

    @property
    def told(self) -> dict[str, str]:
        """What a caller's preferences say of it: its region, and of a sandbox how far its clock is ahead."""
        moved = {} if self.sandbox_of is None else {"clock_ahead": str(self.clock_ahead)}
        return {"region": self.region} | moved

    def scope_of_program(self, scopes: frozenset[str]) -> Scope:
        """What a program of theirs sees: their own; for one of the operator's that has nothing but its desks' rights,
        all runs, prices and the catalogue."""
        if self.kind == "operator" and scopes and scopes <= DESK_SCOPES:
            return Scope.operator()
        return Scope.reseller(self.customer_id) if self.kind == "reseller" else Scope.customer(self.customer_id)


def theirs(scope: Scope, model: Any) -> ColumnElement[bool]:
    """The predicate over what nobody but a customer sees and changes without its support access (ADR 32): its people's
    doors. Of staff at their desk it covers the operator's own."""
    if scope.kind != "operator":
        return scope.covers(model)
    homes = select(Organisation.customer_id).where(Organisation.kind == "operator")
    return model.customer_id.in_(homes)  # type: ignore[no-any-return]
