"""Two windows at once at the door of single sign-on. Run with --postgresql, too."""

from __future__ import annotations

from threading import Thread

from domains.kernel.config import Settings
from domains.users import commands, db
from domains.users.models import Identity, Login, Membership, OneTime, User
from tests.factories.races import at_once
from tests.factories.sign_on import PLACE, enter, has_domain, has_sign_on, link, who
from tests.factories.users import PASSWORD, an_organisation, has_password


def counted(*models: type) -> list[int]:
    with db.begin_read() as session:
        return [session.query(one).count() for one in models]


def test_two_first_sign_ins_of_one_person_at_once_both_let_them_in(databases: Settings) -> None:
    customer_id, _ = an_organisation(owner_email="olga@own.example")
    has_sign_on(customer_id, joins=True)
    has_domain(customer_id, "own.example")
    one = who("nils@own.example", verified=True)

    ended = at_once(db, *[lambda session: commands.enter(session, customer_id=customer_id, who=one, place=PLACE)] * 2)

    assert ended == ["done", "done"]
    assert counted(User, Membership, Identity) == [2, 2, 1]


def test_two_windows_that_tie_one_account_at_once_tie_it_once(databases: Settings) -> None:
    customer_id, olga = an_organisation(owner_email="olga@own.example")
    has_password(olga)
    has_sign_on(customer_id)
    one = who("olga@own.example")
    known = {"customer_id": customer_id, "who": one, "place": PLACE, "password": PASSWORD}
    codes = [enter(customer_id, one).code for _ in range(2)]

    ended = at_once(db, *[lambda session, code=code: commands.link(session, code=code, **known) for code in codes])

    assert ended == ["done", "done"]
    assert counted(Identity, OneTime) == [1, 0]


def test_who_comes_in_while_another_provider_is_set_up_does_not_stay(databases: Settings) -> None:
    customer_id, olga = an_organisation(owner_email="olga@own.example")
    has_password(olga)
    has_sign_on(customer_id)
    one = who("olga@own.example")
    link(customer_id, one, password=PASSWORD)
    change = Thread(target=has_sign_on, args=(customer_id, "https://another.example"))

    with db.begin() as session:
        commands.enter(session, customer_id=customer_id, who=one, place=PLACE)
        change.start()
        change.join(1)
    change.join(30)

    with db.begin_read() as session:
        assert [login.revoked_at is None for login in session.query(Login)] == [False, False]
