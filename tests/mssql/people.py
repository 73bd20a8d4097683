"""The part of the story that people play: they are invited, come in by two steps, change what they are, and go."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from domains import users
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.tenancy import Scope
from domains.users import commands as user_commands
from domains.users import tokens
from domains.users.commands.passkeys import add_passkey
from domains.users.policy import ROLE_SCOPES
from tests.factories.authenticator import Authenticator
from tests.factories.users import an_organisation, letters, membership_of

from .programs import change_programs
from .story_trail import forget_a_member, let_support_in

PASSWORD = "a long way to the northern wind"


def people_come_and_go() -> None:
    customer_id, user_id = an_organisation(kind="reseller", owner_email="olga@northwind.example")
    owner = Scope.reseller(customer_id)
    with users.db.begin() as session:
        user_commands.set_password(session, user_id=user_id, password=PASSWORD)
    a_program_comes_and_goes(owner, customer_id)
    where = {"email": "olga@northwind.example", "ip": "192.0.2.1", "user_agent": "x"}
    with suppress(DomainError):
        tokens.sign_in(password="wrong", **where)
    login = tokens.sign_in(password=PASSWORD, **where)
    for _ in range(2):
        tokens.caller_of_login(login.token)
    tokens.forget_epoch("login", str(login.login_id))
    tokens.prove(user_commands.prove_by_password, login_id=login.login_id, password=PASSWORD)
    tokens.half_of_login(login.token)
    answer_invitations(user_id, login.login_id)
    let_support_in(owner, customer_id, login)
    forget_a_member(user_id, customer_id)
    come_in_by_two_steps(user_id)
    care_for_colleagues(owner, customer_id)
    with users.db.begin() as session:
        read_people(session, owner, customer_id, user_id)
        user_commands.act_for(session, scope=owner, login_id=login.login_id, customer_id=customer_id)
        user_commands.update_preferences(session, user_id=user_id, name="Olga Other", language="de")
        user_commands.sign_out(session, login_id=login.login_id)
        user_commands.note_reading(session, customer_id=customer_id, path="/accounts")
        user_commands.disable_user(session, scope=owner, user_id=user_id)
        user_commands.know_organisation(session, customer_id=customer_id, name="N", status="active", version=9)
        user_commands.remove_organisation(session, customer_id=customer_id)


def a_program_comes_and_goes(scope: Scope, customer_id: UUID) -> None:
    client = {"client_id": "eu-1", "customer_id": customer_id, "reseller_id": None, "name": "ERP"}
    with users.db.begin() as session:
        user_commands.create_api_client(session, **client, scopes=["orders:read"], secret="css_x")
    if program := tokens.live_client("eu-1"):
        tokens.caller_of_bearer(tokens.issue_access_token(program, ["orders:read"])["access_token"])
    with users.db.begin() as session:
        users.queries.list_clients(session, scope, customer_id=customer_id)
        change_programs(session, scope)


def come_in_by_two_steps(user_id: UUID) -> None:
    """Everything about second factors and mailed links, most of it refused."""
    where, key = {"ip": "192.0.2.1", "user_agent": "x"}, Authenticator()
    with users.db.begin() as session:
        made = key.make(user_commands.offer_passkey(session, user_id=user_id))
    with users.db.begin() as session:
        passkey_id = add_passkey(session, user_id=user_id, credential=made, name="Phone")
        asked = user_commands.ask_passkey(session, user_id=None)
        user_commands.set_up_app(session, user_id=user_id)
        codes = user_commands.renew_recovery_codes(session, user_id=user_id)
    login = tokens.sign_in_by_passkey(credential=key.sign(asked), **where)
    with suppress(DomainError):
        tokens.prove(user_commands.prove_by_code, login_id=login.login_id, code="000000")
    login = tokens.prove(user_commands.prove_by_code, login_id=login.login_id, code=codes[0])
    change = {"password": "wrong", "new": PASSWORD, "end": True}
    with suppress(DomainError):
        tokens.prove(user_commands.change_password, login_id=login.login_id, **change)
    with users.db.begin() as session:
        users.queries.own_factors(session, user_id)
        users.queries.own_logins(session, user_id)
        user_commands.rename_passkey(session, user_id=user_id, passkey_id=passkey_id, name="Mine")
        user_commands.remove_passkey(session, user_id=user_id, passkey_id=passkey_id)
        user_commands.remove_app(session, user_id=user_id)
        user_commands.ask_for_link(session, email="olga@northwind.example")
        user_commands.end_own(session, user_id=user_id, this=login.login_id)
        user_commands.end_own(session, user_id=user_id, this=new_id(), login_id=login.login_id)
    tokens.caller_of_login(login.token)
    code = parse_qs(urlsplit(letters()[-1].facts["link"]).query)["code"][0]
    with users.db.begin() as session:
        user_commands.choose_password(session, code=code, password=PASSWORD)


def care_for_colleagues(scope: Scope, customer_id: UUID) -> None:
    """Invite, withdraw, change, sign out and shut out, as an owner does."""
    known: dict[str, Any] = {"scope": scope, "granting": ROLE_SCOPES["owner"]}
    who, bea = {"customer_id": customer_id, "name": "Bea", "role": "owner"}, new_id()
    with users.db.begin() as session:
        invited = [user_commands.invite_person(session, **known, **who, email=f"{n}@x.example") for n in "abb"]
        user_commands.resend_invitation(session, scope=scope, membership_id=invited[0])
        user_commands.withdraw_invitation(session, scope=scope, membership_id=invited[0])
        users.queries.get_invitation(session, scope, invited[1])
        users.queries.list_users(session, scope, state="invited")
    with users.db.begin() as session:
        about = {"name": "Bea", "role": "owner", "language": "en", "time_zone": "UTC"}
        user_commands.add_user(session, user_id=bea, customer_id=customer_id, email="bea@x.example", **about)
        user_commands.set_password(session, user_id=bea, password=PASSWORD)
    with users.db.begin() as session:
        user_commands.require_second_factor(session, scope=scope, customer_id=customer_id, wanted=True)
        user_commands.change_role(session, **known, user_id=bea, role="reader")
        user_commands.reset_factors(session, **known, user_id=bea)
        users.queries.get_user(session, scope, bea)
        users.queries.logins_of(session, scope, bea, customer_id=customer_id)
        user_commands.end_logins_of(session, scope=scope, user_id=bea)
        user_commands.shut_out(session, **known, user_id=bea)
        user_commands.require_second_factor(session, scope=scope, customer_id=customer_id, wanted=False)


def answer_invitations(user_id: UUID, login_id: UUID) -> None:
    for verb in (user_commands.accept_invitation, user_commands.decline_invitation):
        other, _ = an_organisation(name="Contoso Partners", owner_email="olga@northwind.example")
        known = {"user_id": user_id, "membership_id": membership_of(user_id, other)}
        with users.db.begin() as session:
            verb(session, **known)
            if verb is user_commands.accept_invitation:
                user_commands.work_for(session, login_id=login_id, **known)


def read_people(session: Any, scope: Scope, customer_id: UUID, user_id: UUID) -> None:
    users.queries.oneself(session, user_id)
    users.queries.has_demo_people(session)
    users.queries.list_users(session, scope, customer_id=customer_id)
    users.queries.organisation(session, scope, customer_id)
    users.queries.choices(session, scope, q="a")
    users.queries.list_clients(session, scope, customer_id=customer_id)
