"""Takes secrets out of whatever leaves the process as text: log lines, errors, spans. Known by name and by shape."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "[redacted]"
_NAMES = re.compile(
    r"pass|secret|token|authorization|cookie|assertion|api_?key|_keys?$|signature|otp|recovery_code|iban|card_?number|cvc",
    re.I,
)
_SHAPES = re.compile(
    r"""(?<![\w-])(?=[\w-]*(?-i:eyJ))[\w-]+\.[\w-]+\.[\w-]*  # a signed token, whatever it is glued to
    | \bbearer\s+\S+ | \bbasic\s+[\w+/=-]{8,}
    | css_[\w-]{16,}  # a client's secret
    | -----BEGIN[A-Z ]*PRIVATE\ KEY-----.*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|\Z)
    | otpauth://\S+ | \bk[0-9a-f]{8}:[\w-]{43}  # the seed of a second factor; a sealing key
    | (?<=://)[^/\s:@]*:[^/\s]+(?=@)  # in a URL; a password may hold an @ itself
    | (?P<quoted>(?:pass(?:word|wd)|secret|token|api_?key|_key|assertion|signature|recovery_code|otp)\\*["']?\s*[=:]\s*
      (?P<mark>\\*["'])).*?(?:(?<!\\)(?=(?P=mark))|\Z)
    | (?P<typed>(?:pass(?:word|wd)|secret|recovery_code|otp)["']?\s*[=:]\s*)[^\r\n]+  # people type blanks and commas
    | (?P<made>(?:(?:token|api_?key|_key|assertion|signature)["']?\s*[=:]|(?:\bcode|_login)=)\s*)[^\s"'&;,)}]+
    | (?P<header>cookie["']?\s*[=:]\s*)[^\r\n]+
    | (?P<card>(?<![\w-])(?:[3-6]|2[2-7])\d?(?:[ -]?\d){11,17}(?![\w-]))  # not a part of an id
    | (?P<account>\b[A-Z]{2}\d\d(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?\b)""",
    re.I | re.X | re.S,
)


def redacted(value: Any, name: str = "") -> Any:
    """The value with everything that looks like a secret, by its name or by its shape, replaced."""
    if name and _NAMES.search(name):
        return HIDDEN
    if isinstance(value, dict):
        return {str(k): redacted(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redacted(v) for v in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _SHAPES.sub(_replacement, str(value))


def _replacement(found: re.Match[str]) -> str:
    card, account = found["card"], found["account"]
    if (card and not _is_card(card)) or (account and not _is_account(account)):
        return found[0]
    return f"{found['quoted'] or found['typed'] or found['made'] or found['header'] or ''}{HIDDEN}"


def _is_card(text: str) -> bool:
    """Whether digits are a payment card's number, by Luhn's sum."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [two - 9 if (two := 2 * digit) > 9 else two for digit in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def _is_account(text: str) -> bool:
    """Whether it is a bank account's number (IBAN), by its check digits."""
    bare = text.replace(" ", "").upper()
    number = "".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])
    return 15 <= len(bare) <= 34 and int(number) % 97 == 1
