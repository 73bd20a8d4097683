"""Many changes as one list: uploaded, looked at with their prices, made, each with a result of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from .conftest import Person, Program
from .test_journeys import fact, opens_account, press
from .test_troubles import ended

Someone = Callable[..., Person]
WISHES = ("change_quantity,14", "cancel,end_of_term", "change_quantity,12", "extend,1999-12-31")
OFFERS = ("Intranet", "Analytics Pro", "Forecast", "Office Suite Business")


def has_bought(program: Program, account: str) -> dict[str, dict[str, Any]]:
    """One order of several offers for an account; the subscriptions that came of it, by name."""
    found = next(one for one in program.get("/accounts", limit=200).json()["items"] if one["name"] == account)
    offers = {one["name"]: one for word in OFFERS for one in program.get("/offers", q=word).json()["items"]}
    lines = [{"offer_id": offers[name]["id"], "quantity": 10, "term": "P1Y", "billing_cycle": "monthly"}
             for name in OFFERS]  # fmt: skip
    operation = program.post("/orders", {"account_id": found["id"], "lines": lines}, str(uuid4())).json()
    assert ended(program, operation["id"])["status"] == "succeeded"
    return {one["name"]: one for one in program.get("/subscriptions", account_id=found["id"]).json()["items"]}


def uploads(buyer: Person, rows: list[str]) -> None:
    """Send a list as a file, up to the page that shows what it costs."""
    content = "\n".join(["subscription,action,value", *rows]).encode()
    buyer.go("/bulk-plans/new")
    buyer.page.set_input_files("#file", {"name": "changes.csv", "mimeType": "text/csv", "buffer": content})
    press(buyer.page, "Check and price")


def says(page: Page, name: str) -> Any:
    """The row of a subscription."""
    return expect(page.locator("#plan-rows tbody tr", has_text=name))


def test_a_list_is_uploaded_priced_and_made_and_each_row_says_what_became_of_it(
    person: Someone, program: Callable[[str], Program], sandbox: Callable[..., Any], demo: dict[str, Any]
) -> None:
    northwind, buyer = program("Northwind Traders"), person().sign_in(demo, "buyer@northwind.example")
    page, account = buyer.page, f"Branch {str(uuid4())[:8]}"
    opens_account(buyer, account)
    bought = has_bought(northwind, account)
    uploads(buyer, [f"{bought[name]['number']},{wish}" for name, wish in zip(OFFERS, WISHES, strict=True)])
    expect(page.locator("h1")).to_contain_text("To apply")
    says(page, "Intranet").to_contain_text("10 → 14")
    says(page, "Intranet").to_contain_text("EUR")
    says(page, "Office Suite Business").to_contain_text("Cannot be made")
    expect(page.locator("#plan-rows .reason")).to_contain_text("choose a later day")
    expect(page.locator("#main")).to_contain_text("1 row is left out.")

    match = {"offer_id": "tailspin-forecast"}
    fault = {"operation": "change", "kind": "reject", "code": "capacity_exceeded", "match": match, "count": 1}
    sandbox("PUT", "faults", faults=[fault])
    press(page, "Make 3 changes")
    assert buyer.until_ended() == "This is done."
    page.get_by_role("link", name="See the plan").click()
    says(page, "Intranet").to_contain_text("Done")
    says(page, "Analytics Pro").to_contain_text("Done")
    says(page, "Forecast").to_contain_text("Refused")
    expect(page.locator("#plan-rows .reason").first).to_contain_text("no capacity left")

    assert "14 seats" in fact(buyer.go(f"/subscriptions/{bought['Intranet']['id']}"), "Quantity")
    assert "10 seats" in fact(buyer.go(f"/subscriptions/{bought['Forecast']['id']}"), "Quantity")
    assert "Ends" in fact(buyer.go(f"/subscriptions/{bought['Analytics Pro']['id']}"), "At the end")
