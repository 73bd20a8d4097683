"""The page of providers: how each one's gate stands, for those who see all runs and nobody else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask import Flask

from domains.kernel import config, database
from domains.kernel.tenancy import Scope
from domains.services.providers import gate as gates
from domains.services.providers import provider
from domains.services.providers.answers import Throttled, UnknownOutcome
from domains.services.providers.registry import gate_of

from .visitor import Visitor, a_person, text_of

AT = "/providers"


@pytest.fixture
def staff(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """An administrator, where two providers are named and limits hold."""
    monkeypatch.setattr(gates, "_alone", gates.Alone())
    further = [{"key": "databases", "adapter": "osb", "url": "https://broker.example"}]
    database.bind(replace(config.current(), limits="on", providers=json.dumps(further)))
    person = a_person(kind="operator", role="administrator", scope=Scope.operator())
    return Visitor(app, replace(person, customer_id=None))


def fail(key: str, why: Exception, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(why)), gate_of(key).passing():
            raise why


def test_a_provider_that_was_never_asked_says_so(staff: Visitor) -> None:
    said = text_of(staff.get(AT))

    assert "sandbox Sandbox protocol Answers none yet none not read yet 0" in said
    assert "databases Open Service Broker Answers" in said
    assert "Its dates, end and renewal are kept by us." in said


def test_one_that_fails_rests_and_the_failure_can_be_read(staff: Visitor) -> None:
    with gate_of("databases").passing():
        assert provider("databases")
    fail("databases", UnknownOutcome("the provider answered 500"), gates.FAILURES)
    fail("sandbox", Throttled("the provider asks us to wait (429)", retry_after=7))

    said = text_of(staff.get(AT))

    assert "Resting asked again in" in said
    assert "the provider answered 500 · 5 in a row" in said
    assert "took 0 ms" in said
    assert "Wants us to wait asked again in 7 s" in said


def test_only_those_who_see_runs_see_it(app: Flask, staff: Visitor) -> None:
    assert "/providers" in staff.get("/").text
    other = Visitor(app, replace(a_person(kind="operator", role="agent", scope=Scope.operator()), customer_id=None))
    assert other.get(AT).status_code == 403
    assert 'href="/providers"' not in other.get("/").text
    assert Visitor(app, a_person(role="owner")).get(AT).status_code == 403
