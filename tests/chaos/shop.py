"""Real orders, made ready before the chaos begins: a customer with accounts whose orders will go well, or not."""

from __future__ import annotations

import random
from typing import Any

from saga import transports
from saga.flows.open_account import open_account
from saga.flows.place_order import place_order
from saga.flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue
from saga.payloads.order import PlaceOrder
from saga.transports import inline
from tests.saga.flows.shop import PRO, Shop, newcomer

from .clients import Wish

RICH = 4  # accounts whose orders go well; of the others there is one each
POOR = ("poor", "refusing", "doubtful", "doubtful")


class ReadyShop(Shop):
    """A customer with accounts, whose orders wait to be placed."""

    def __init__(self) -> None:
        self.accounts: dict[str, Any] = {}

    def open(self) -> None:
        self.start(sync_catalogue, SyncCatalogue(), label="", resource=("catalogue", NOBODY))
        self.onboard(newcomer())
        for name in (*map(str, range(RICH)), "poor", "refusing", "doubtful"):
            account = self.an_account(f"Account {name}", "10" if name == "poor" else "90000000")
            self.start(open_account, account)
            self.accounts[name] = account.account_id
        self.transport.run_until_quiet()


def orders(count: int, seed: int) -> tuple[list[PlaceOrder], list[dict[str, Any]]]:
    """So many orders, and the faults that the provider shall have for some of them."""
    chance, shop = random.Random(seed), ReadyShop()
    with transports.using(inline.Transport()):
        shop.open()
        made = []
        for _ in range(count):
            name = chance.choice(POOR) if chance.random() < 0.25 else str(chance.randrange(RICH))
            shop.account_id = shop.accounts[name]
            made.append(shop.an_order((chance.randrange(1, 6), PRO)))
    match = {name: {"customer": str(account_id)} for name, account_id in shop.accounts.items()}
    return made, [
        {"operation": "place_order", "kind": "reject", "code": "credit_blocked", "match": match["refusing"]},
        {"operation": "place_order", "kind": "error_after_applying", "match": match["doubtful"]},
    ]


def wish(made: list[PlaceOrder], number: int) -> Wish | None:
    """The nth order, as long as there is one."""
    if number >= len(made):
        return None
    return place_order, made[number], {"label": made[number].label, "resource": made[number].resource}
