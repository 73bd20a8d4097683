"""A customer's own provider: set up, restricted to, taken away; and the e-mail domains that are the customer's."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from domains.kernel import clock, envelope
from domains.kernel.crypto import token
from domains.kernel.database import locked, new_id
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope

from .. import queries
from ..models import Identity, Login, SignOn, SignOnDomain
from ..oidc.domains import domain_name
from .live import BREAK_GLASS, end_login, roles_at
from .requirement import hold_back
from .trail import note

SIGN_ON_PURPOSE = "users.sign_on"
JOINING_ROLES = ("reader", "billing", "buyer")  # who joins by themselves is never an owner
MOST_DOMAINS = 20
CHALLENGE = "cloudsales-verification="
OPTIONS = ("role", "joins", "forced", "trusted")


def set_sign_on(
    session: Session,
    *,
    scope: Scope,
    customer_id: UUID,
    expected_version: int | None,
    issuer: str,
    provider: dict[str, Any],
    client_id: str,
    client_secret: str | None,
    role: str = "reader",
    joins: bool = False,
    forced: bool = False,
    trusted: bool = False,
) -> SignOn:
    """Set up a customer's provider, of which `provider` was found out just now; without a secret the one there stays.

    Refuses to force it before somebody has come in by it: a typing error would shut everybody out. Logins that another
    provider made here end; those that one made which is trusted no more give a second factor first.
    """
    of, found = queries.organisation(session, scope, customer_id), _locked(session, customer_id)
    _fits(client_id, role)
    now, before = clock.now(session), told(found) if found is not None else None
    _same_version(expected_version, found)
    found = found or _nothing_yet(customer_id, of.reseller_id, now)
    elsewhere, tried = (found.issuer, found.client_id) != (issuer, client_id), found.forced
    _keep_secret(found, client_secret, elsewhere)
    found.issuer, found.client_id, found.provider, found.checked_at = issuer, client_id, provider, now
    found.role, found.joins, found.trusted = role, joins, trusted
    found.version += 1
    session.add(found)
    _hold_to(session, found, elsewhere)
    _force(session, found, forced, tried and not elsewhere)
    note(session, "users.set_sign_on", customer_id, ("customer", customer_id), before=before, after=told(found))
    return found


def _nothing_yet(customer_id: UUID, reseller_id: UUID | None, now: datetime) -> SignOn:
    known: dict[str, Any] = {"issuer": "", "client_id": "", "client_secret": "", "forced": False, "version": 0}
    return SignOn(customer_id=customer_id, reseller_id=reseller_id, created_at=now, **known)


def _same_version(expected: int | None, found: SignOn | None) -> None:
    if expected not in (None, 0 if found is None else found.version):
        raise _changed_meanwhile()


def _keep_secret(found: SignOn, secret: str | None, elsewhere: bool) -> None:
    """Seal a new secret. The one that is there is told to nobody but the provider that it is of."""
    if secret is not None:
        found.client_secret = envelope.seal(secret, purpose=SIGN_ON_PURPOSE, owner=found.customer_id)
    elif elsewhere:
        raise Invalid("Type the client secret that the provider gave you.", code="required", field="client_secret")


def told(found: SignOn) -> dict[str, Any]:
    """What may be told of a provider: everything but the secret."""
    return {name: getattr(found, name) for name in ("issuer", "client_id", *OPTIONS)}


def _fits(client_id: str, role: str) -> None:
    if not 1 <= len(client_id) <= 200 or not client_id.isprintable():
        raise Invalid("Type the client id that the provider gave you.", code="required", field="client_id")
    if role not in JOINING_ROLES:
        told = N_("Who joins by themselves may become %(roles)s.")
        raise Invalid(told, code="role_invalid", field="role", roles=JOINING_ROLES)


def _hold_to(session: Session, found: SignOn, elsewhere: bool) -> None:
    """What the provider before has said holds no more; nor does the word of one that is trusted no more."""
    if elsewhere:  # nobody has come by it as it is now
        session.execute(update(Identity).where(Identity.customer_id == found.customer_id).values(last_used_at=None))
    for login in _logins_by(session, found.customer_id):
        if elsewhere:
            end_login(session, login, "users.end_login")
        elif not found.trusted and "sso" in (login.amr or ()):
            login.amr = ["oidc" if one == "sso" else one for one in login.amr or ()]
            hold_back(session, login)


def _logins_by(session: Session, customer_id: UUID) -> list[Login]:
    """The logins that a customer's provider has made and that have not ended."""
    return list(session.scalars(select(Login).where(Login.sign_on_id == customer_id, Login.revoked_at.is_(None))))


def _force(session: Session, found: SignOn, forced: bool, known: bool) -> None:
    """Let members in by their provider only, from now on: logins that came otherwise end, except owners'."""
    if forced and not known:
        here = (Identity.customer_id == found.customer_id, Identity.issuer == found.issuer)
        tried = select(Identity.id).where(*here, Identity.last_used_at.is_not(None))
        if session.scalars(tried.order_by(Identity.id).limit(1)).first() is None:
            text = N_("Sign in through the provider once yourself before you make everybody do so.")
            raise Refused(text, code="sign_on_untried", field="forced")
        roles = roles_at(session, found.customer_id)
        others = (Login.customer_id == found.customer_id, Login.revoked_at.is_(None), Login.sign_on_id.is_(None))
        for login in session.scalars(select(Login).where(*others)):
            if roles.get(login.user_id) not in BREAK_GLASS:
                end_login(session, login, "users.end_login")
    found.forced = forced


def remove_sign_on(session: Session, *, scope: Scope, customer_id: UUID, expected_version: int | None) -> list[UUID]:
    """Take a customer's provider away, and who people were there. Logins that it made end; gives their ids."""
    queries.organisation(session, scope, customer_id)
    found = _locked(session, customer_id)
    if found is None:
        raise NotFound("There is no single sign-on here.", code="sign_on_not_found")
    _same_version(expected_version, found)
    session.execute(delete(Identity).where(Identity.customer_id == customer_id))
    ended = _logins_by(session, customer_id)
    for login in ended:
        end_login(session, login, "users.end_login")
    note(session, "users.remove_sign_on", customer_id, ("customer", customer_id), before=told(found))
    session.delete(found)
    return [login.id for login in ended]


def _locked(session: Session, customer_id: UUID) -> SignOn | None:
    query = select(SignOn).where(SignOn.customer_id == customer_id)
    found: SignOn | None = session.scalars(locked(query, SignOn)).one_or_none()
    return found


def _changed_meanwhile() -> Conflict:
    return Conflict("The settings have changed since you looked. This is how they stand now.", code="version_conflict")


# ---------- domains ----------


def add_domain(session: Session, *, scope: Scope, customer_id: UUID, name: str) -> SignOnDomain:
    """Note that a customer says a domain is its own, with what its owner must publish to prove it."""
    of, name = queries.organisation(session, scope, customer_id), domain_name(name)
    known = list(session.scalars(select(SignOnDomain).where(SignOnDomain.customer_id == customer_id)))
    if len(known) >= MOST_DOMAINS:
        text = N_("An organisation may have %(most)s domains: remove one first.")
        raise Refused(text, code="too_many_domains", field="domain", most=MOST_DOMAINS)
    there = next((one for one in known if one.name == name), None)
    if there is not None:
        return there
    made = SignOnDomain(
        id=new_id(), customer_id=customer_id, reseller_id=of.reseller_id, name=name, challenge=CHALLENGE + token(200),
        created_at=clock.now(session),
    )  # fmt: skip
    session.add(made)
    note(session, "users.add_domain", customer_id, ("domain", made.id), after={"name": name})
    return made


def verify_domain(
    session: Session, *, scope: Scope, customer_id: UUID, domain_id: UUID, published: bool
) -> SignOnDomain:
    """Take a domain for the customer's own when its owner publishes what was asked. One customer has a domain."""
    found = _domain(session, scope, customer_id, domain_id)
    if found.verified_at is not None:
        return found
    if not published:
        text = N_("The record is not there yet. Name servers can take an hour to know of it.")
        raise Refused(text, code="domain_not_proven", field="domain")
    other = select(SignOnDomain.id).where(SignOnDomain.name == found.name, SignOnDomain.verified_at.is_not(None))
    if session.scalars(other).first() is not None:
        text = N_("Another organisation has proved that this domain is its own. Open a support case if it is yours.")
        raise Refused(text, code="domain_taken", field="domain")
    found.verified_at = clock.now(session)
    note(session, "users.verify_domain", customer_id, ("domain", found.id), after={"name": found.name})
    return found


def remove_domain(
    session: Session, *, scope: Scope, customer_id: UUID, domain_id: UUID, expected_version: int | None = None
) -> None:
    """Give a domain up: its people no longer find the sign-on by their address, and nobody new joins by it."""
    found = _domain(session, scope, customer_id, domain_id)
    if expected_version not in (None, found.version):
        raise _changed_meanwhile()
    note(session, "users.remove_domain", customer_id, ("domain", found.id), before={"name": found.name})
    session.delete(found)


def _domain(session: Session, scope: Scope, customer_id: UUID, domain_id: UUID) -> SignOnDomain:
    here = (SignOnDomain.id == domain_id, SignOnDomain.customer_id == customer_id, scope.covers(SignOnDomain))
    found: SignOnDomain | None = session.scalars(locked(select(SignOnDomain).where(*here), SignOnDomain)).one_or_none()
    if found is None:
        raise NotFound("There is no such domain.", code="domain_not_found", field="domain")
    return found
