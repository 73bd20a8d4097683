"""From where a request comes, as it is counted and written down: a place and a program, not every detail of both."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Network, ip_address

SYSTEMS = (("iPhone", "iOS"), ("iPad", "iPadOS"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
           ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
            ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Version", "Safari"))  # fmt: skip


def place_of(ip: str) -> str:
    """What tells one place from another: of IPv6, where each has more addresses than can be counted, its network."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, IPv4Address):
        return ip
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))


def program_of(user_agent: str) -> str:
    """What a browser or program calls itself, in a few words: `Firefox 128, Windows`, `python-requests 2.32`."""
    if not user_agent.startswith("Mozilla/"):
        named = re.match(r"[\w.-]{1,60}(/\d{1,6}(\.\d{1,6})?)?", user_agent)
        return named[0].replace("/", " ") if named else ""
    system = next((name for word, name in SYSTEMS if word in user_agent), "")
    for word, name in BROWSERS:
        version = re.search(rf"\b{word}/(\d{{1,6}})", user_agent)
        if version:
            return ", ".join(filter(None, (f"{name} {version[1]}", system)))
    return system
