"""Who asks and for what: programs with tokens and people with logins of the demo, and the requests they send."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import requests

from benchmarks.arithmetic import turns

API = "/api/v1"
# How often each read is asked for, of 100. Programs first, then people; of the first page, its parts too.
MIX = {
    "listOffers": 12, "searchOffers": 12, "getOffer": 10, "listSubscriptions": 12, "getSubscription": 12,
    "getOperation": 6, "listAccounts": 4, "listInvoices": 2,
    "home": 4, "home's parts": 8, "catalogue": 4, "catalogue search": 4, "offer page": 3, "subscriptions page": 3,
    "subscription page": 4,
}  # fmt: skip
FLOOR = ("static file", "/healthz")  # what the gateway alone costs, and what the least request of a web process costs
BESIDE = ("token", "sign-in")  # asked for once in a while, so that they are in no mix
PAGES = ("catalogue", "catalogue search", "offer page", "subscriptions page", "subscription page", "sign-in")
PARTS = ("/decisions/_open", "/costs/_chart", "/operations/_running", "/cases/_open")
WORDS = ("intranet", "mail", "backup", "office", "database", "storage", "secur", "adatum", "plan", "pro", "a", "vpn")
STATIC = "/static/app.css?v=1"
Planned = dict[str, Any]
Headers = dict[str, str]


@dataclass
class Visits:
    """All requests that can be sent, by kind; of each kind one for every tenant and thing."""

    host: str
    port: int
    by_kind: dict[str, list[Planned]] = field(default_factory=dict)
    orders: list[Planned] = field(default_factory=list)

    def sequence(self, mix: dict[str, int]) -> list[Planned]:
        """Requests in the mix's proportions, long enough to take all of a kind in their turn."""
        taken = dict.fromkeys(mix, 0)
        found = []
        for kind in turns(mix) * 20:
            choices = self.by_kind[kind]
            found.append(choices[taken[kind] % len(choices)])
            taken[kind] += 1
        return found

    def with_orders(self, mix: dict[str, int], every: int) -> list[Planned]:
        """The mix, with an order in every so many requests."""
        reads = self.sequence(mix)
        for number, place in enumerate(range(every // 2, len(reads), every)):
            reads[place] = self.orders[number % len(self.orders)]
        return reads

    def add(self, kind: str, path: str, headers: Headers | None = None, *, status: int = 200, body: str = "") -> None:
        method = "POST" if body else "GET"
        self.by_kind.setdefault(kind, []).append(self.request(kind, method, path, status, body, headers or {}))

    def request(
        self, kind: str, method: str, path: str, status: int, body: str, headers: Headers, **more: Any
    ) -> Planned:
        lines = {"Host": f"{self.host}:{self.port}", "Accept-Encoding": "gzip"} | headers
        if body:
            lines["Content-Length"] = str(len(body.encode()))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return {"kind": kind, "status": status, "text": f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}"} | more


def prepare(demo: dict[str, Any], port: int) -> Visits:
    """Sign everybody in and write down what they will ask for."""
    visits = Visits("localhost", port)
    visits.add(FLOOR[0], STATIC)
    visits.add(FLOOR[1], FLOOR[1])
    for client in demo["api_clients"]:
        known = program(visits, f"http://localhost:{port}", client)
        owner = next(one for one in demo["users"] if one["customer_id"] == client["customer_id"])
        person(visits, f"http://localhost:{port}", owner, known)
    return visits


def program(visits: Visits, base: str, client: dict[str, Any]) -> dict[str, list[str]]:
    """A program's reads and orders; gives the ids of what it sees."""
    proof = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    form = {"Authorization": f"Basic {proof}", "Content-Type": "application/x-www-form-urlencoded"}
    body = "grant_type=client_credentials"
    visits.add("token", "/oauth2/token", form, body=body)
    answer = requests.post(f"{base}/oauth2/token", body, headers=form, timeout=30)
    answer.raise_for_status()
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    kinds = {
        "offers": "getOffer",
        "subscriptions": "getSubscription",
        "operations": "getOperation",
        "accounts": "",
    }
    ids = {kind: listed(base, kind, bearer) for kind in kinds}
    for kind, operation in kinds.items():
        for one in ids[kind][:20] if operation else ():
            visits.add(operation, f"{API}/{kind}/{one}", bearer)
    for kind in ("offers", "subscriptions", "accounts", "invoices"):
        visits.add(f"list{kind.capitalize()}", f"{API}/{kind}", bearer)
    for word in WORDS:
        visits.add("searchOffers", f"{API}/offers?q={quote(word)}", bearer)
    visits.orders.append(order(visits, base, bearer, ids["accounts"][-1]))
    return ids


def listed(base: str, kind: str, bearer: dict[str, str]) -> list[str]:
    answer = requests.get(f"{base}{API}/{kind}", headers=bearer, timeout=30)
    answer.raise_for_status()
    return [one["id"] for one in answer.json()["items"]]


def order(visits: Visits, base: str, bearer: dict[str, str], account_id: str) -> Planned:
    """A preview, and the order of exactly what it promises; its answer is kept."""
    offer = requests.get(f"{base}{API}/offers?q=intranet&vendor=Adatum", headers=bearer, timeout=30).json()["items"][0]
    wish = f'"account_id": "{account_id}", "lines": [{{"offer_id": "{offer["id"]}", "quantity": 25}}]'
    headers = bearer | {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    keyed = headers | {"Idempotency-Key": "{KEY-------------------------------}"}
    body = f'{{{wish}, "preview_id": "{{ID--------------------------------}}"}}'
    placed = visits.request("placeOrder", "POST", f"{API}/orders", 202, body, keyed, then={"headers": bearer})
    return visits.request("previewOrder", "POST", f"{API}/orders/preview", 200, f"{{{wish}}}", headers, then=placed)


def person(visits: Visits, base: str, user: dict[str, Any], known: dict[str, list[str]]) -> None:
    """A person's pages."""
    browser = requests.Session()
    page = browser.get(f"{base}/login", timeout=30)
    token = unescape(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[0])
    form = urlencode({"csrf_token": token, "email": user["email"], "password": user["password"]})
    kind = "application/x-www-form-urlencoded"
    typed = {"Content-Type": kind, "Referer": f"{base}/login"}
    visits.add("sign-in", "/login", typed | {"Cookie": crumbs(browser)}, status=303, body=form)
    signed_in = browser.post(f"{base}/login", form, headers=typed, allow_redirects=False, timeout=30)
    if signed_in.status_code != 303:
        raise SystemExit(f"{user['email']} cannot sign in: {signed_in.status_code}")
    cookie = {"Cookie": crumbs(browser)}
    visits.add("home", "/", cookie)
    for path in PARTS:
        visits.add("home's parts", path, cookie | {"HX-Request": "true"})
    visits.add("catalogue", "/offers", cookie)
    for word in WORDS:
        visits.add("catalogue search", f"/offers?q={quote(word)}", cookie | {"HX-Request": "true"})
    visits.add("subscriptions page", "/subscriptions", cookie)
    for kind, path in (("offer page", "offers"), ("subscription page", "subscriptions")):
        for one in known[path][:20]:
            visits.add(kind, f"/{path}/{one}", cookie)


def crumbs(browser: requests.Session) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
