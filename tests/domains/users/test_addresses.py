"""Two e-mail addresses are the same where mail would bring both to one person, and nowhere else."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import Invalid
from domains.kernel.tenancy import Scope
from domains.users import commands, db
from domains.users.models import User, email_key
from domains.users.oidc.domains import domain_of
from domains.users.policy import ROLE_SCOPES
from tests.factories.users import an_organisation, letters


@pytest.mark.parametrize(
    ("one", "other"),
    [(" Olga@Gross.Example", "olga@gross.example"), ("olga@Bücher.example", "olga@xn--bcher-kva.example"),
     ("olga@groß.example", "olga@xn--gro-7ka.example"), ("o@ａｂ。example", "o@ab.example"),
     ("jose\u0301@x.example", "josé@x.example")],
)  # fmt: skip
def test_one_mailbox_has_one_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)
    assert domain_of(one) == domain_of(other) != ""


@pytest.mark.asvs("6.8.1")
@pytest.mark.parametrize(
    ("one", "other"),
    [("olga@groß.example", "olga@gross.example"), ("groß@x.example", "gross@x.example"),
     ("ﬁ@x.example", "fi@x.example"), ("ⅸ@x.example", "ix@x.example"),
     ("olga@x.example", "оlga@x.example"), ("a@ſ_.example", "a@s_-.example")],
)  # fmt: skip
def test_two_mailboxes_have_two_keys(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.asvs("6.8.1")
def test_a_letter_goes_to_the_person_and_not_to_what_only_looks_like_them(databases: Settings) -> None:
    _, olga = an_organisation(name="Victim", owner_email="olga@gross.example")  # invited, and has not come yet
    evil, _ = an_organisation(name="Evil Partners")
    for email in ("olga@groß.example", "OLGA@gross.example"):
        with db.begin() as session:
            commands.invite_person(session, scope=Scope.customer(evil), customer_id=evil, email=email, name="O",
                                   role="reader", granting=ROLE_SCOPES["owner"])  # fmt: skip
    links = [parse_qs(urlsplit(letter.facts["link"]).query)["code"][0] for letter in letters()]
    with db.begin_read() as session:
        owners = [found[0].id for found in (commands.link_is_good(session, code) for code in links) if found]

    assert [letter.recipient["email"] for letter in letters()] == ["olga@groß.example", "olga@gross.example"]
    assert [owner == olga for owner in owners] == [False, True]


@pytest.mark.parametrize("email", ["a" + "\u0315\u0300" * 40_000 + "@\ufdfa", "a@" + "\ufdfa" * 80_000, "ü@" * 9_999])
def test_long_odd_addresses_are_nobodys_and_take_no_time(email: str) -> None:
    began = time.process_time()

    assert (domain_of(email), "@" in email_key(email)) == ("", False)
    assert time.process_time() - began < 0.5


def test_an_address_that_grows_beyond_its_place_is_refused(databases: Settings) -> None:
    customer_id, _ = an_organisation()
    with pytest.raises(Invalid), db.begin() as session:
        commands.invite_person(session, scope=Scope.customer(customer_id), customer_id=customer_id, name="O",
                               email="\ufb2c" * 250 + "@x.example", role="reader",
                               granting=ROLE_SCOPES["owner"])  # fmt: skip
    with db.begin_read() as session:
        assert session.query(User).count() == 1
