"""What users hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock, config, personal
from domains.kernel.crypto import canonical, keyed_digest
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import N_ as N_
from domains.kernel.errors import Refused
from domains.kernel.personal import Held, Register, Whom

from .models import Erasure, Membership, Organisation, User

PERSONAL: Register = {
    "organisation": Held(none="kind name region currency status second_factor"),
    "user_": Held(
        subject="id",
        person="name",
        contact="email email_key",
        secret="password_hash",
        none="status language formats time_zone theme drift_mail",
    ),
    "membership": Held(subject="user_id", person="invited_name", contact="invited_email", none="role state"),
    "login": Held(
        subject="user_id", person="user_agent", contact="ip", secret="token_hash", none="amr state", erase="rows"
    ),
    "totp": Held(subject="user_id", secret="seed", erase="rows"),
    "passkey": Held(
        subject="user_id",
        secret="credential_hash credential_id public_key",
        free_text="name",
        none="transports",
        erase="rows",
    ),
    "recovery_code": Held(subject="user_id", secret="code_hash", erase="rows"),
    "one_time": Held(subject="user_id", secret="key", none="purpose", erase="rows"),
    "identity": Held(subject="user_id", person="subject key", none="issuer", erase="rows"),
    "sign_on": Held(secret="client_secret", none="issuer client_id provider role"),
    "sign_on_domain": Held(none="name challenge"),
    "api_client": Held(secret="secrets credentials", none="id name scopes status"),
    "throttle": Held(none="key"),
    "support_grant": Held(
        subject="asked_by",
        person="asked_name granted_name ended_name",
        by_name="granted_name ended_name",
        free_text="reason",
        none="state areas",
    ),
    "support_use": Held(subject="user_id", person="user_name"),
    "erasure": Held(none="counts proof"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    users_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    users_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that users know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here, shut them out and end their logins; doing it again finds nothing more.

    Refused for the last owner of an organisation: somebody must be able to act for it.
    """
    theirs = select(Membership).where(Membership.user_id == whom.person_id)
    here = sorted(member.customer_id for member in session.scalars(theirs))
    for customer_id in here:  # as whoever shuts somebody out does, so that two owners cannot end each other
        place = select(Organisation).where(Organisation.customer_id == customer_id)
        session.scalars(locked(place, Organisation)).one_or_none()
    members = session.scalars(locked(theirs, Membership).execution_options(populate_existing=True)).all()
    for member in members:
        others = select(Membership.id).where(
            Membership.customer_id == member.customer_id, Membership.role == member.role
        )
        alone = session.scalars(
            others.where(Membership.state == "active", Membership.user_id != whom.person_id)
            .order_by(Membership.id)
            .limit(1)
        ).first()
        if member.state == "active" and member.role in ("owner", "administrator") and alone is None:
            raise Refused(
                N_("They are the last owner of their organisation: make somebody else an owner first."),
                code="last_owner",
            )
    for member in members:
        member.state = "disabled"
    user = session.get(User, whom.person_id)
    if user is not None:
        user.status, user.version = "disabled", user.version + 1
    session.flush()  # the register's statements see the rows as they are now
    return Erased(personal.erase(session, PERSONAL, whom))


def keep_proof(
    session: Session,
    *,
    erasure_id: UUID,
    whom: Whom,
    customer_id: UUID,
    reseller_id: UUID | None,
    customers_erased: dict[str, int],
    users_erased: dict[str, int],
    accounts_erased: dict[str, int],
    services_erased: dict[str, int],
    support_erased: dict[str, int],
    billing_erased: dict[str, int],
    notifications_erased: dict[str, int],
) -> None:
    """Keep that a person was erased everywhere: how many rows in which table, with a digest. It names nobody."""
    counts = {
        "customers": customers_erased, "users": users_erased, "accounts": accounts_erased, "services": services_erased,
        "support": support_erased, "billing": billing_erased, "notifications": notifications_erased,
    }  # fmt: skip
    at = clock.now(session)
    proof = keyed_digest(config.current().audit_key, str(erasure_id), str(whom.person_id), canonical(counts))
    row = {"id": erasure_id, "person_id": whom.person_id, "customer_id": customer_id, "reseller_id": reseller_id}
    insert_new(session, Erasure.__table__, row | {"at": at, "counts": counts, "proof": proof}, "id")
    with personal.nameless(whom):
        told = {"proof": proof, "counts": counts}
        audit.record(session, "users.erase", customer_id=customer_id, subject=("person", whom.person_id), after=told)
