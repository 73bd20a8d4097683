"""Second factors: who needs one, codes that are good once, ways back, and what each leaves in the trail."""

from __future__ import annotations

from uuid import UUID

import pytest
from pyotp import TOTP

from domains.kernel.config import Settings
from domains.kernel.errors import Refused
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens
from domains.users.models import Totp
from tests.conftest import Clock
from tests.factories.users import PASSWORD, an_organisation, entries, has_app, has_password, invite

EMAIL, WHERE = "olga@northwind.example", {"ip": "192.0.2.7", "user_agent": "test"}


@pytest.fixture
def northwind(databases: Settings, clock: Clock) -> UUID:
    customer_id, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return customer_id


@pytest.fixture
def olga(northwind: UUID) -> UUID:
    with db.begin_read() as session:
        return queries.list_users(session, Scope.customer(northwind)).items[0].id


def half_in(email: str = EMAIL) -> commands.SignedIn:
    return tokens.sign_in(email=email, password=PASSWORD, **WHERE)


def give(half: commands.SignedIn, code: str) -> str:
    """What giving a code comes to."""
    try:
        return tokens.prove(commands.prove_by_code, login_id=half.login_id, code=code).state
    except Refused as no:
        return no.code


@pytest.mark.asvs("6.3.3", "7.2.4")
def test_the_password_alone_is_nobody_until_the_code_is_given(olga: UUID, clock: Clock) -> None:
    seed = has_app(olga)
    clock.advance(seconds=30)

    half = half_in()
    waiting = tokens.caller_of_login(half.token)
    made = tokens.prove(commands.prove_by_code, login_id=half.login_id, code=TOTP(seed).at(clock.now))

    assert (half.state, waiting) == ("second_factor", None)
    assert tokens.half_of_login(half.token) is None
    assert tokens.caller_of_login(half.token) is None
    caller = tokens.caller_of_login(made.token)
    assert caller is not None
    assert caller.preferences["amr"] == "pwd otp"


@pytest.mark.asvs("6.5.1", "6.5.5")
def test_a_code_that_was_used_is_refused_and_stands_in_the_trail(olga: UUID, northwind: UUID, clock: Clock) -> None:
    seed = has_app(olga)
    clock.advance(seconds=30)
    code = TOTP(seed).at(clock.now)

    said = [give(half_in(), code), give(half_in(), code)]
    clock.advance(seconds=30)

    assert [*said, give(half_in(), code)] == ["active", "proof_wrong", "proof_wrong"]
    assert entries(northwind).count("users.code_replayed") == 2


@pytest.mark.parametrize(("late", "said"), [(-30, "active"), (0, "active"), (30, "active"), (-60, "proof_wrong")])
def test_a_clock_may_be_half_a_minute_off(olga: UUID, clock: Clock, late: int, said: str) -> None:
    seed = has_app(olga)
    clock.advance(minutes=5)
    shown = TOTP(seed).at(int(clock.now.timestamp()) + late)

    assert give(half_in(), shown) == said


@pytest.mark.asvs("6.6.3")
def test_guessing_ends_the_half_login_and_then_becomes_slow(olga: UUID, northwind: UUID, clock: Clock) -> None:
    has_app(olga)
    half = half_in()

    said = [give(half, "000000") for _ in range(5)]
    clock.advance(minutes=1)

    assert said == ["proof_wrong"] * 4 + ["login_ended"]
    assert give(half, "000000") == "login_ended"
    assert give(half_in(), "000000") == "proof_wrong"
    assert give(half_in(), "000000") == "too_many_attempts"
    assert "users.second_factor_failed" in entries(northwind)


def test_half_a_login_is_good_for_a_quarter_of_an_hour(olga: UUID, clock: Clock) -> None:
    seed = has_app(olga)
    half = half_in()
    clock.advance(minutes=16)

    assert give(half, TOTP(seed).at(clock.now)) == "login_ended"


@pytest.mark.asvs("6.5.1", "6.5.2", "6.5.3")
def test_a_recovery_code_lets_in_once_however_it_is_typed(olga: UUID, northwind: UUID) -> None:
    has_app(olga)
    with db.begin() as session:
        codes = commands.renew_recovery_codes(session, user_id=olga)

    said = [give(half_in(), codes[0].upper().replace("-", " ")), give(half_in(), codes[0]), give(half_in(), codes[1])]

    assert len(set(codes)) == 10
    assert said == ["active", "proof_wrong", "active"]
    with db.begin_read() as session:
        assert queries.own_factors(session, olga).recovery_codes == 8
    assert entries(northwind).count("users.use_recovery_code") == 2


def test_new_recovery_codes_end_the_old_ones(olga: UUID) -> None:
    has_app(olga)
    with db.begin() as session:
        old = commands.renew_recovery_codes(session, user_id=olga)
    with db.begin() as session:
        commands.renew_recovery_codes(session, user_id=olga)

    assert give(half_in(), old[0]) == "proof_wrong"


@pytest.mark.asvs("11.3.2")
def test_the_seed_is_kept_sealed(olga: UUID) -> None:
    seed = has_app(olga)

    with db.begin_read() as session:
        assert seed not in session.get_one(Totp, olga).seed


def test_the_operators_people_are_held_at_the_door_until_they_have_a_second_factor(
    databases: Settings, clock: Clock
) -> None:
    customer_id, user_id = an_organisation(kind="operator", owner_email=EMAIL)
    has_password(user_id)

    half = half_in()
    with db.begin() as session:
        seed = commands.offer_app(session, user_id=user_id, login_id=half.login_id)
    made = tokens.prove(commands.enrol_app, login_id=half.login_id, code=TOTP(seed).at(clock.now))

    assert (half.state, made.state) == ("enrol", "active")
    assert tokens.caller_of_login(half.token) is None
    assert tokens.caller_of_login(made.token) is not None
    assert "users.add_factor" in entries(customer_id)


def test_whoever_has_one_cannot_enrol_another_half_in(olga: UUID, clock: Clock) -> None:
    has_app(olga)
    half = half_in()

    with pytest.raises(Refused, match="ended"):
        tokens.prove(commands.enrol_app, login_id=half.login_id, code="000000")


def test_an_owner_requires_a_second_factor_of_all_and_logins_are_held_back(northwind: UUID, olga: UUID) -> None:
    bea, bea_id = "bea@northwind.example", UUID(int=9)
    invite(northwind, bea, user_id=bea_id)
    has_password(bea_id)
    token = half_in(bea).token
    before = tokens.caller_of_login(token)

    with db.begin() as session:
        known = {"scope": Scope.customer(northwind), "customer_id": northwind}
        commands.require_second_factor(session, **known, wanted=True)

    assert before is not None
    assert tokens.caller_of_login(token) is None
    half = tokens.half_of_login(token)
    assert half is not None
    assert half.state == "enrol"
    assert half_in(bea).state == "enrol"
    assert "users.require_second_factor" in entries(northwind)


def test_the_last_factor_of_somebody_who_needs_one_stays(northwind: UUID, olga: UUID) -> None:
    has_app(olga)
    with db.begin() as session:
        commands.require_second_factor(session, scope=Scope.customer(northwind), customer_id=northwind, wanted=True)

    with db.begin() as session, pytest.raises(Refused, match="second factor"):
        commands.remove_app(session, user_id=olga)
    with db.begin() as session:
        commands.require_second_factor(session, scope=Scope.customer(northwind), customer_id=northwind, wanted=False)
        commands.remove_app(session, user_id=olga)

    assert half_in().state == "active"
