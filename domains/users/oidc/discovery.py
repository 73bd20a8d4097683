"""What a provider says of itself (OpenID Connect Discovery), fetched from the open internet only and checked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests

from domains.kernel import outbound
from domains.kernel.errors import N_, Invalid

WELL_KNOWN = "/.well-known/openid-configuration"
SIGNED_BY = ("RS256", "PS256", "ES256", "Ed25519")
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
KEPT = (*NEEDED, "userinfo_endpoint")
LONGEST = 500  # characters of an address
SHARED_BY_ALL = ("common", "organizations", "consumers")  # Entra's addresses for everybody's directories


def discovered(issuer: str) -> dict[str, Any]:
    """The part of a provider's metadata that we need. Refuses what we could not sign on with safely, and says why.

    `issuer` is what tokens must name, to the letter (Discovery 4.3).
    """
    check_issuer(issuer)
    found = fetched(issuer.rstrip("/") + WELL_KNOWN)
    said = found.get("issuer")
    if isinstance(said, str) and "{tenantid}" in said:
        _refuse_shared()
    if said != issuer:
        told = N_("This provider calls itself %(said)s: type exactly that as the issuer.")
        raise Invalid(told, code="issuer_mismatch", field="issuer", said=str(said)[:200])
    _check_abilities(found)
    kept: dict[str, Any] = {name: _address(found, name) for name in KEPT if name in found or name in NEEDED}
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    fitting = [one for one in ("client_secret_basic", "client_secret_post") if one in methods]
    if not fitting:
        raise Invalid("This provider takes no client secret, which is how we prove ourselves.", field="issuer")
    named = found.get("authorization_response_iss_parameter_supported") is True
    return kept | {"token_endpoint_auth_method": fitting[0], "names_itself": named}


def check_issuer(issuer: str) -> None:
    """Refuse what cannot be an issuer of ours: other addresses than https://, and Entra's that everybody shares."""
    try:
        parts = urlsplit(issuer)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise Invalid("Type the provider’s issuer, such as https://login.example.com.", field="issuer")
    if len(issuer) > 300 or not issuer.isascii() or not issuer.isprintable():
        raise Invalid("Type the provider’s issuer, such as https://login.example.com.", field="issuer")
    if parts.hostname == "login.microsoftonline.com" and parts.path.strip("/").split("/")[0] in SHARED_BY_ALL:
        _refuse_shared()


def _refuse_shared() -> None:
    told = N_(
        "This is Microsoft Entra’s address for everybody’s directories. Use your own directory’s: "
        "https://login.microsoftonline.com/YOUR-TENANT-ID/v2.0"
    )
    raise Invalid(told, code="issuer_shared", field="issuer")


def fetched(address: str) -> dict[str, Any]:
    """A JSON object from a provider. Refused with what was wrong, in words for who chose the address."""
    try:
        with outbound.session() as browser:
            answer = browser.get(address)
            answer.raise_for_status()
            found = answer.json()
    except outbound.NotCalled as no:
        told = N_("The provider cannot be asked at %(address)s: %(why)s.")
        raise Invalid(told, code="provider_refused", field="issuer", address=address, why=str(no)) from None
    except (requests.RequestException, ValueError):
        told = N_("The provider does not answer at %(address)s as OpenID providers do.")
        raise Invalid(told, code="provider_silent", field="issuer", address=address) from None
    if not isinstance(found, dict):
        raise Invalid("The provider’s metadata cannot be read.", code="provider_silent", field="issuer")
    return found


def _address(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or len(value) > LONGEST or urlsplit(value).scheme not in ("https", "http"):
        raise Invalid("The provider’s metadata lacks a usable %(name)s.", field="issuer", name=name)
    try:
        outbound.check(value)
    except outbound.NotCalled as no:
        told = N_("The provider’s %(name)s cannot be used: %(why)s.")
        raise Invalid(told, code="provider_refused", field="issuer", name=name, why=str(no)) from None
    return value


def _check_abilities(found: dict[str, Any]) -> None:
    """Refuse a provider that says it cannot do what we need; one that says nothing of it is tried."""
    needs = (
        ("response_types_supported", ("code",)), ("id_token_signing_alg_values_supported", SIGNED_BY),
        ("code_challenge_methods_supported", ("S256",)),
    )  # fmt: skip
    for name, fitting in needs:
        able = found.get(name)
        if isinstance(able, list) and not set(fitting) & set(map(str, able)):
            told = N_("This provider cannot be used: of %(name)s we need %(needed)s.")
            raise Invalid(told, field="issuer", name=name, needed=", ".join(fitting))
