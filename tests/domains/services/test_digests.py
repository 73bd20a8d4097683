"""When it is morning where an account is: then its owners are told of what waits."""

from __future__ import annotations

from datetime import datetime

import pytest

from domains.services.queries.digests import is_morning


@pytest.mark.parametrize(
    ("moment", "zone", "morning"),
    [
        ("2027-03-28T06:30:00+00:00", "Europe/Berlin", True),  # the night before had an hour less
        ("2027-03-28T05:30:00+00:00", "Europe/Berlin", False),
        ("2027-03-27T23:30:00+00:00", "Asia/Tokyo", True),
        ("2027-03-27T22:30:00+00:00", "Asia/Kolkata", False),
        ("2027-03-28T08:00:00+00:00", "UTC", True),
        ("2027-03-28T10:00:00+00:00", "UTC", False),
    ],
)
def test_it_is_morning_where_the_account_is(moment: str, zone: str, morning: bool) -> None:
    assert is_morning(datetime.fromisoformat(moment), zone) is morning
