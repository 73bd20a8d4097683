"""What a tenant has beside what it buys: people and how they come in, programs, what it has let support see, its trail.

All of it is made through the real flows, and each has the tenant's word in it where there is room for a word.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from domains import services, users
from domains.kernel import config, sealing
from domains.kernel.config import DATABASES
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Scope
from domains.services import commands as service_commands
from domains.services import queries as service_queries
from domains.services.pricing import Rule
from domains.support.exchanges import search_waiting
from domains.users import commands, tokens
from domains.users.commands.passkeys import add_passkey
from migrations.rights import database_of
from tests.api.program import Program
from tests.factories.authenticator import Authenticator
from tests.factories.users import PASSWORD, accept, has_password, invite

if TYPE_CHECKING:
    from .world import Tenant, World

PUBLIC_KEY = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
ASKING = Actor("user", str(new_id()), "Ada Agent")


def a_file(content: bytes, file: str, **fields: str) -> dict[str, object]:
    """A form with a file of this name, as bytes: of large forms the test client would leave temporary files behind."""
    texts = [f'--part\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}' for key, value in fields.items()]
    texts += [f'--part\r\nContent-Disposition: form-data; name="file"; filename="{file}"\r\n\r\n']
    data = "\r\n".join(texts).encode() + content + b"\r\n--part--\r\n"
    return {"data": data, "content_type": "multipart/form-data; boundary=part"}


def organised(world: World, tenant: Tenant) -> None:
    """Give a tenant all of it."""
    program = world.at_the_api(tenant)
    _a_colleague(tenant)
    _a_passkey(tenant)
    _programs(program, tenant)
    _sign_on(program, tenant)
    _let_in(tenant)
    made = program.post("/invitations", _newcomer(tenant, f"guest@{tenant.canary}.example"))
    tenant.ids["invitation"] = made.json["id"]
    limit = {"amount": tenant.limit, "currency": "EUR"}
    assert program.post("/approval-limits", {"role": "buyer", "limit": limit}).status_code == 200
    _told_and_forgotten(world, program, tenant)


def traced(world: World, tenant: Tenant) -> None:
    """Note the newest entry of a tenant's trail, into which all has come that was sealed."""
    tenant.ids["entry"] = world.at_the_api(tenant).get("/audit-entries?limit=1").json["items"][0]["id"]


def sealed(world: World) -> None:
    """All that waits in every domain is sealed and told to who keeps the searchable trail."""
    for name in DATABASES:
        sealing.seal(database_of(name), config.current().audit_key)
    world.transport.run_until_quiet()


def _newcomer(tenant: Tenant, email: str) -> dict[str, str]:
    return {"customer_id": str(tenant.customer_id), "email": email, "name": f"Gus {tenant.canary}", "role": "reader"}


def _somebody(tenant: Tenant, name: str) -> UUID:
    """Somebody who was invited to a tenant and has accepted."""
    user_id = new_id()
    invite(tenant.customer_id, f"{name.lower()}@{tenant.canary}.example", "reader", f"{name} {tenant.canary}", user_id)
    has_password(user_id)
    accept(user_id, tenant.customer_id)
    return user_id


def _a_colleague(tenant: Tenant) -> None:
    user_id = _somebody(tenant, "Carla")
    email = f"carla@{tenant.canary}.example"
    made = tokens.sign_in(email=email, password=PASSWORD, ip="127.0.0.1", user_agent=tenant.canary)
    tenant.ids |= {"colleague": str(user_id), "login": str(made.login_id)}


def _a_passkey(tenant: Tenant) -> None:
    owner = UUID(tenant.ids["user"])
    with users.db.begin() as session:
        made = Authenticator().make(commands.offer_passkey(session, user_id=owner))
    with users.db.begin() as session:
        known = add_passkey(session, user_id=owner, credential=made, name=tenant.canary)
    tenant.ids["passkey"] = str(known)


def _programs(program: Program, tenant: Tenant) -> None:
    client = program.post("/api-clients", {"name": f"ERP {tenant.canary}", "scopes": ["orders:read"]}).json
    with_key = program.post(f"/api-clients/{client['id']}/keys", {"key": PUBLIC_KEY}).json
    ids = {"client": client["id"], "secret": client["secrets"][0]["id"], "key": with_key["keys"][0]["id"]}
    tenant.ids |= ids


def _sign_on(program: Program, tenant: Tenant) -> None:
    """A provider at an address that nobody may be led to, and a domain that nobody has proved yet."""
    issuer = f"https://127.0.0.1/{tenant.canary}"
    provider = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    provider |= {"token_endpoint_auth_method": "client_secret_basic", "names_itself": True}
    wish = {"issuer": issuer, "provider": provider, "client_id": tenant.canary, "client_secret": tenant.canary}
    whose = {"scope": Scope.customer(tenant.customer_id), "customer_id": tenant.customer_id}
    with users.db.begin() as session:
        commands.set_sign_on(session, **whose, expected_version=None, **wish)
    tenant.ids["domain"] = program.post("/sign-on/domains", {"name": f"{tenant.canary}.example"}).json["id"]


def _let_in(tenant: Tenant) -> None:
    """Somebody of support asks, and waits for an answer."""
    grant_id = new_id()
    known = {"grant_id": grant_id, "customer_id": tenant.customer_id, "hours": 1, "areas": ()}
    with users.db.begin() as session:
        commands.request_access(session, **known, reason=f"About {tenant.canary}", by=ASKING)
    tenant.ids["grant"] = str(grant_id)


def _told_and_forgotten(world: World, program: Program, tenant: Tenant) -> None:
    """A colleague was told what is known of them, and another one was forgotten."""
    gone = str(_somebody(tenant, "Ned"))
    assert program.post("/personal-data/exports", {"user_id": tenant.ids["colleague"]}).status_code == 202
    assert program.post("/erasures", {"user_id": gone}).status_code == 202
    world.transport.run_until_quiet()
    export = program.get("/personal-exports").json["items"][0]
    erasure = program.get("/erasures").json["items"][0]
    tenant.ids |= {"export": export["id"], "erasure": erasure["id"], "erased": gone}


def attached(program: Program, tenant: Tenant) -> None:
    """Put a file to a tenant's case that was searched and found clean."""
    sent = a_file(f"All of {tenant.canary}".encode(), f"{tenant.canary}.txt")
    made = program.ask("POST", f"/cases/{tenant.ids['case']}/attachments", **sent)
    assert search_waiting() == 1
    tenant.ids["attachment"] = made.json["id"]


def agreed(tenant: Tenant) -> None:
    """Prices agreed with it, by a book whose name is its own; and a sync of the catalogue, which is everybody's."""
    with services.db.begin() as session:
        name, known = f"Book of {tenant.canary}", new_id()
        book = service_commands.set_price_book(session, name=name, rules=[Rule("all", markup_percent=Decimal(25))])
        service_commands.agree_prices(
            session, agreement_id=known, holder_id=tenant.customer_id, reference=f"FA {tenant.canary}", price_book=name,
            valid_from=date(2020, 1, 1),
        )  # fmt: skip
        sync = service_queries.list_syncs(session, limit=1).items[0]
    tenant.ids["agreement"] = str(known)
    tenant.offers |= {"sync_id": str(sync.id), "price_book_id": str(book)}
