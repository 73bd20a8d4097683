"""Whose an e-mail domain is: its owner alone can publish the record that we ask for."""

from __future__ import annotations

import re
from ipaddress import ip_address

import dns.exception
import dns.resolver

from domains.kernel import config
from domains.kernel.errors import Invalid

from ..models import ascii_domain

RECORD = "_cloudsales-challenge"
WITHIN = 4.0  # seconds
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def domain_name(text: str) -> str:
    """An e-mail domain as it is kept: small letters, other alphabets by their ASCII name. Refuses what is none."""
    name = ascii_domain(text.strip().removeprefix("@").rstrip("."))
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise Invalid("Type a domain, such as example.com.", code="domain_invalid", field="domain")
    return name


def domain_of(email: str) -> str:
    """The domain of an e-mail address as it is kept; empty when it has none."""
    try:
        return domain_name(email.rpartition("@")[2])
    except Invalid:
        return ""


def publishes(name: str, challenge: str) -> bool:
    """Whether the owner of a domain publishes what we have asked for, as far as the name servers know now."""
    try:
        found = _resolver().resolve(f"{RECORD}.{name}.", "TXT", lifetime=WITHIN, search=False)
    except dns.exception.DNSException:
        return False
    return challenge in {b"".join(record.strings).decode("ascii", "replace") for record in found}


def _resolver() -> dns.resolver.Resolver:
    given = config.current().resolver
    if not given:
        return dns.resolver.Resolver()
    host, _, port = given.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [str(ip_address(host))], int(port)
    return resolver
