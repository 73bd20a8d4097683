"""The further providers of an installation: which ones, by which protocol, and how we are let in."""

from __future__ import annotations

import msgspec

ADAPTERS = ("sandbox", "osb", "partner_center")
DEFAULT = "sandbox"  # the key of the one whose settings are PROVIDER_URL and its like


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one provider is and who we are there. `rate` is how many calls in a second it takes from us.

    Of Partner Center alone: `token_url` and `scope`, where a token comes from; `market` and `segment`, what is sold;
    `lock_hours`, how long before a renewal nothing can be changed any more.
    """

    key: str
    adapter: str
    url: str
    client_id: str = ""
    client_secret: str = ""
    webhook_secret: str = ""
    token_url: str = ""
    rate: int = 20
    scope: str = ""
    market: str = "US"
    segment: str = "Commercial"
    lock_hours: float = 0


def endpoints(text: str) -> tuple[Endpoint, ...]:
    """The providers in a setting: a JSON list of objects. ValueError says what is wrong and how to mend it."""
    if not text.strip():
        return ()
    try:
        found = msgspec.json.decode(text, type=tuple[Endpoint, ...])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f"give a JSON list of objects with key, adapter and url ({error})") from None
    keys = [one.key for one in found]
    for one in found:
        if not one.key.replace("-", "").isalnum() or not one.key.isascii() or len(one.key) > 40 or one.key == DEFAULT:
            raise ValueError(f"the key “{one.key}” cannot be used: up to 40 letters, digits and dashes, not {DEFAULT}")
        if one.adapter not in ADAPTERS:
            raise ValueError(f"“{one.adapter}” is no adapter: use {', '.join(ADAPTERS)}")
        if not one.url.startswith(("http://", "https://")) or one.rate < 1:
            raise ValueError(f"{one.key} needs a url with http:// or https://, and a rate of at least 1")
        if keys.count(one.key) > 1:
            raise ValueError(f"the key {one.key} is there twice")
    return found
