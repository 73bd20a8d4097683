"""Where a request came from is written down in a few words that say enough."""

from __future__ import annotations

import pytest

from domains.kernel.places import place_of, program_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"


@pytest.mark.parametrize(("told", "words"), [
    (CHROME, "Chrome 126, Windows"), (f"{CHROME} Edg/126.0", "Edge 126, Windows"), (SAFARI, "Safari 17, iOS"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128, Linux"),
    ("python-requests/2.32.3", "python-requests 2.32"), ("curl/8.5.0 <script>", "curl 8.5"), ("", ""), ("<b>", ""),
    ("Mozilla/5.0 (Windows NT)", "Windows"),
])  # fmt: skip
def test_a_program_is_named_in_a_few_words(told: str, words: str) -> None:
    assert program_of(told) == words


@pytest.mark.parametrize(("ip", "place"), [
    ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.7", "192.0.2.7"),
    ("", ""), ("unix:", "unix:"),
])  # fmt: skip
def test_a_place_is_an_address_or_a_network(ip: str, place: str) -> None:
    assert place_of(ip) == place
