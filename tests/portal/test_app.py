"""What holds for every page: who may read it, what it carries, and what is said when something is wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DataError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from domains.kernel import config
from domains.kernel.database import new_id
from domains.kernel.errors import NotNow
from domains.kernel.messages import acting
from domains.kernel.tenancy import Scope
from portal.access import public
from saga.transports.inline import Transport

from .visitor import HTMX, Visitor, a_person, is_page, text_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
PAGES = ("/offers", "/orders", "/subscriptions", "/operations", "/operations/_running", "/decisions/_open")


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app, a_person())


@pytest.mark.asvs("14.3.2")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_its_landmarks_and_headers(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 200
    assert is_page(answer)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert {"HX-Request", "Cookie"} <= set(answer.vary)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_sign_in_and_back(app: Flask, path: str) -> None:
    whole, part = Visitor(app, None).get(path), Visitor(app, None).part(path)

    assert (whole.status_code, whole.location) == (303, f"/login?next={path}")
    assert (part.status_code, part.get_data()) == (204, b"")
    assert part.headers["HX-Redirect"].startswith("/login")


def test_an_empty_page_says_what_belongs_there_and_what_to_do_next(visitor: Visitor) -> None:
    for path, title in {
        "/orders": "No orders yet",
        "/subscriptions": "No subscriptions yet",
        "/operations": "Nothing has been started yet",
        "/offers": "Nothing in the catalogue matches",
    }.items():
        assert title in text_of(visitor.get(path)), path


def test_versioned_files_are_kept_for_ever_and_others_are_not(visitor: Visitor) -> None:
    address = re.search(r'href="(/static/app\.css\?v=[^"]+)"', visitor.get("/orders").get_data(as_text=True))
    assert address is not None

    kept, asked_for = visitor.get(address[1]), visitor.get("/static/app.css")

    kept.close()
    asked_for.close()
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asked_for.headers["Cache-Control"] == "public, no-cache"
    assert "Cookie" not in kept.vary
    assert not kept.headers.getlist("Set-Cookie")


def test_what_is_not_there_is_a_page_and_a_notice_in_a_part(visitor: Visitor) -> None:
    for path in ("/nothing", f"/orders/{new_id()}", f"/subscriptions/{new_id()}", f"/operations/{new_id()}"):
        page, part = visitor.get(path), visitor.part(path)

        assert (page.status_code, part.status_code) == (404, 404)
        assert "We have nothing at this address for you" in text_of(page)
        assert part.headers["HX-Failed-Part"] == "true"
        assert not is_page(part)


@pytest.mark.asvs("8.2.1", "16.3.2")
def test_a_role_that_may_not_is_told_so(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    reader = a_person(role="reader")

    answer = Visitor(app, reader).get("/orders/new")

    assert answer.status_code == 403
    (told,) = [vars(record) for record in caplog.records if "no right" in record.message]
    assert (told["actor_id"], told["customer_id"]) == (reader.actor.id, str(reader.customer_id))
    assert "Your role does not cover this" in text_of(answer)


@pytest.mark.asvs("3.5.1")
def test_a_form_without_its_token_is_not_taken(visitor: Visitor, transport: Transport) -> None:
    page = visitor.open("POST", "/orders", data={})
    part = visitor.open("POST", "/orders", data={}, headers={**HTMX, "HX-Current-URL": "http://localhost/orders?q=a"})

    assert page.status_code == 400
    assert "nothing was sent" in text_of(page)
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/orders?q=a")
    assert "nothing was sent" in text_of(visitor.get("/orders"))
    assert "Nothing has been started yet" in text_of(visitor.get("/operations"))


def test_a_stale_cursor_begins_the_list_again(visitor: Visitor) -> None:
    answer = visitor.get("/orders", state="placed", cursor="bm90IG91cnM")

    assert (answer.status_code, answer.location) == (303, "/orders?state=placed")


@pytest.mark.asvs("16.5.1")
def test_what_breaks_is_named_by_its_request_and_does_not_tell_how(app: Flask, visitor: Visitor) -> None:
    app.add_url_rule("/breaks", "breaks", public(lambda: 1 / 0))
    with acting(request_id="req_01J9ZK4T7Q"):
        answer = visitor.get("/breaks")

    assert answer.status_code == 500
    assert "Something broke on our side" in text_of(answer)
    assert "req_01J9ZK4T7Q" in text_of(answer)
    assert answer.headers["X-Request-Id"] == "req_01J9ZK4T7Q"
    assert "ZeroDivisionError" not in answer.get_data(as_text=True)


@pytest.mark.asvs("16.5.2")
def test_what_is_away_says_when_to_come_back(app: Flask, visitor: Visitor) -> None:
    def busy() -> None:
        raise NotNow("the database sleeps")

    app.add_url_rule("/busy", "busy", public(busy))
    answer = visitor.get("/busy")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "the database sleeps" not in text_of(answer)


@pytest.mark.parametrize(
    ("trouble", "status"), [(DataError("INSERT", {}, Exception("a secret")), 400), (NoConnectionFree("a secret"), 503)]
)
def test_what_the_database_cannot_take_or_do_now_is_no_fault_of_ours(
    app: Flask, visitor: Visitor, trouble: Exception, status: int
) -> None:
    def broken() -> None:
        raise trouble

    app.add_url_rule("/broken", "broken", public(broken))
    answer = visitor.get("/broken")

    assert answer.status_code == status
    assert "a secret" not in text_of(answer)


def test_the_frame_says_who_reads_and_for_whom(app: Flask) -> None:
    reseller_id, customer_id = new_id(), new_id()
    home = {"home_customer_id": str(reseller_id), "home_kind": "reseller", "home_customer_name": "Contoso Partners"}
    acting_for: dict[str, Any] = {
        "scope": Scope.customer(customer_id), "customer_kind": "end_customer", "customer_name": "Wingtip Toys",
    }  # fmt: skip
    caller = a_person(customer_id, preferences=home, **acting_for)

    words = text_of(Visitor(app, caller).get("/orders"))

    assert "Contoso Partners is acting for Wingtip Toys" in words
    assert "End-customer · EU" in words
    assert "Customers" in words
    assert "acting for" not in text_of(Visitor(app, a_person()).get("/orders"))


def test_a_place_is_only_named_to_whom_it_is_open(app: Flask) -> None:
    blind = a_person(scopes=frozenset({"orders:read"}))

    text = Visitor(app, blind).get("/orders").get_data(as_text=True)

    assert 'href="/orders"' in text
    assert 'href="/subscriptions"' not in text


def test_language_and_formats_are_the_readers(app: Flask) -> None:
    german = a_person(preferences={"language": "de", "formats": "de_DE"})

    assert '<html lang="de"' in Visitor(app, german).get("/orders").get_data(as_text=True)
    assert '<html lang="en"' in Visitor(app, a_person()).get("/orders").get_data(as_text=True)


@pytest.mark.asvs("3.3.2", "3.3.4")
def test_the_cookie_of_the_portal_is_hidden_from_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = visitor.get("/orders").headers["Set-Cookie"]

    assert cookie.startswith("cloudsales=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert config.current().mode == "development"
