"""Only an assertion that `users` has signed, for this surface and within its minute, says who is calling."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import OctKey

from domains.kernel.assertion import LIFETIME, mint, verify
from domains.kernel.columns import new_id
from domains.kernel.crypto import token
from domains.kernel.tenancy import Actor, Caller, Scope

KEY = token()
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def a_caller() -> Caller:
    customer_id = new_id()
    return Caller(
        Actor("user", str(new_id()), "Olivia Öwen"), Scope.customer(customer_id), customer_id, "end_customer",
        "Fourth Coffee", ("owner", "buyer"), frozenset({"orders:read", "orders:write"}), "login-1",
        {"language": "de", "zone": "Europe/Berlin"}, new_id(),
    )  # fmt: skip


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(text: str) -> dict[str, Any]:
    body = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.mark.parametrize("caller", [a_caller(), Caller(Actor("client", "eu-1", "ERP"), Scope.operator(), None,
                                                       "operator", "Us", (), frozenset(), "")])  # fmt: skip
def test_a_caller_comes_through_as_it_was(caller: Caller) -> None:
    assert verify(KEY, mint(KEY, caller, "api"), "api") == caller


@pytest.mark.asvs("9.2.1")
def test_it_lasts_a_minute_and_no_longer() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        text = mint(KEY, a_caller(), "api")
        clock.shift(timedelta(seconds=LIFETIME))
        assert verify(KEY, text, "api") is not None
        clock.shift(timedelta(seconds=6))  # two machines' clocks may differ by five seconds
        assert verify(KEY, text, "api") is None

    assert LIFETIME <= 60


@pytest.mark.asvs("9.2.3", "9.2.4")
@pytest.mark.parametrize("surface", ["portal", "", "API", "ap"])
def test_it_is_for_one_surface_only(surface: str) -> None:
    assert verify(KEY, mint(KEY, a_caller(), "api"), surface) is None


@pytest.mark.asvs("9.1.3")
def test_another_key_says_nothing() -> None:
    assert verify(token(), mint(KEY, a_caller(), "api"), "api") is None


@pytest.mark.asvs("9.1.1")
def test_no_letter_of_it_can_be_changed() -> None:
    header, body, signature = mint(KEY, a_caller(), "api").split(".")
    claims = claims_of(f".{body}.") | {"caller": claims_of(f".{body}.")["caller"] | {"roles": ["administrator"]}}

    for forged in (f"{header}.{part(claims)}.{signature}", f"{header}.{body}.{signature[:-2]}xx", f"{header}.{body}."):
        assert verify(KEY, forged, "api") is None


@pytest.mark.asvs("9.1.2")
@pytest.mark.parametrize("algorithm", ["none", "HS512", "RS256", "ES256"])
def test_the_algorithm_is_ours_to_choose(algorithm: str) -> None:
    _, body, signature = mint(KEY, a_caller(), "api").split(".")

    assert verify(KEY, f"{part({'alg': algorithm, 'typ': 'assertion+jwt'})}.{body}.{signature}", "api") is None
    assert verify(KEY, f"{part({'alg': algorithm})}.{body}.", "api") is None


@pytest.mark.parametrize("missing", ["iss", "aud", "exp"])
def test_what_is_left_out_is_not_taken_for_granted(missing: str) -> None:
    claims = claims_of(mint(KEY, a_caller(), "api"))
    del claims[missing]

    assert verify(KEY, signed(claims), "api") is None


@pytest.mark.parametrize("other", [{"iss": "somebody"}, {"aud": ["portal", "other"]}, {"exp": "soon"}])
def test_what_is_signed_but_says_something_else_is_refused(other: dict[str, Any]) -> None:
    assert verify(KEY, signed(claims_of(mint(KEY, a_caller(), "api")) | other), "api") is None


@pytest.mark.asvs("9.2.2")
def test_another_kind_of_token_under_the_same_key_is_refused() -> None:
    claims = claims_of(mint(KEY, a_caller(), "api"))

    assert verify(KEY, signed(claims), "api") is not None
    assert verify(KEY, signed(claims, "at+jwt"), "api") is None


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é.ü.ö", "eyJhbGciOiJIUzI1NiJ9", "x" * 10_000, "\x00",
                                  "\ud800.\ud800.\ud800"])  # fmt: skip
def test_nonsense_is_nobody(text: str) -> None:
    assert verify(KEY, text, "api") is None


def test_a_signed_word_without_a_caller_is_nobody() -> None:
    claims = claims_of(mint(KEY, a_caller(), "api"))

    assert verify(KEY, signed({name: claims[name] for name in ("iss", "aud", "exp")}), "api") is None
    assert verify(KEY, signed(claims | {"caller": {"actor": "me"}}), "api") is None


def signed(claims: dict[str, Any], kind: str = "assertion+jwt") -> str:
    return jwt.encode({"alg": "HS256", "typ": kind}, claims, OctKey.import_key(KEY))
