"""What happens in the demo, day by day, over the last three and a half months."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Scene:
    """Something a customer does `days` ago.

    `what` is order, quantity, extend, cancel, case, direct, refresh or adopt.
    """

    days: float
    who: str
    what: str
    account: int = 0
    tag: str = ""
    lines: tuple[tuple[str, int], ...] = ()
    with_: dict[str, Any] = field(default_factory=dict)


def order(days: float, who: str, account: int, tag: str, *lines: tuple[str, int], **with_: Any) -> Scene:
    """An order of some offers (their names at the provider) under a tag that later scenes refer to."""
    return Scene(days, who, "order", account, tag, lines, with_)


SCENES = (
    order(104, "northwind", 0, "nw-suite", ("adatum-office-suite-business", 60), term="P1M"),
    order(103, "northwind", 0, "nw-analytics", ("tailspin-analytics-pro", 25)),
    order(101, "lucerne", 0, "lu-suite", ("adatum-office-suite-business", 18)),
    order(100, "contoso", 0, "co-code", ("northfield-code-host", 12)),
    order(99, "wingtip", 0, "wt-draw", ("alpine-draw", 6)),
    order(98, "northwind", 1, "nw-guard", ("litware-endpoint-guard", 40)),
    order(96, "datum", 0, "da-ledger", ("wide-ledger", 8)),
    order(95, "fourthcoffee", 0, "fc-shop", ("proseware-web-shop", 2)),
    order(90, "northwind", 0, "nw-cad", ("alpine-cad-standard", 2), term="one_time", cycle="one_time"),
    order(84, "northwind", 1, "nw-insight", ("tailspin-retail-insight", 14)),
    Scene(83, "northwind", "case", tag="nw-insight",
          with_={"subject": "Two shops are missing on the map", "end": "resolved"}),
    order(80, "lucerne", 1, "lu-print", ("alpine-print-shop", 4)),
    order(78, "wingtip", 1, "wt-shop", ("proseware-web-shop", 1), ("proseware-campaigns", 5)),
    order(70, "northwind", 0, "nw-trial", ("northfield-code-host-trial", 5), term="P1M"),
    Scene(68, "northwind", "quantity", tag="nw-analytics", with_={"to": 31}),
    order(66, "contoso", 1, "co-desk", ("proseware-sales-desk", 5)),
    Scene(64, "contoso", "cancel", tag="co-desk", with_={"mode": "now"}),
    order(60, "datum", 1, "da-wifi", ("margie-managed-wi-fi", 12)),
    order(55, "fourthcoffee", 1, "fc-stock", ("wide-stock-room", 2)),
    order(48, "northwind", 0, "nw-backup", ("fabrikam-server-backup-1tb", 12), po_reference="NT-4417"),
    Scene(47.1, "northwind", "refresh", tag="nw-suite"),
    Scene(47, "northwind", "quantity", tag="nw-suite", with_={"to": 64}),
    order(42, "lucerne", 0, "lu-identity", ("coho-identity-plan-1", 20)),
    order(40, "northwind", 1, "nw-idle", ("litware-password-safe", 30)),
    Scene(39, "northwind", "direct", tag="nw-idle", with_={"kind": "suspend"}),
    Scene(38.9, "northwind", "refresh", tag="nw-idle"),
    Scene(38.8, "northwind", "adopt", tag="nw-idle"),
    order(36, "wingtip", 0, "wt-motion", ("alpine-motion", 3)),
    Scene(35, "wingtip", "extend", tag="wt-motion", with_={"choice": 0}),
    order(33, "northwind", 0, "nw-mail", ("litware-mail-filter", 64)),
    Scene(32, "northwind", "cancel", tag="nw-mail", with_={"mode": "end_of_term"}),
    Scene(31, "northwind", "refresh", tag="nw-trial"),
    order(30, "northwind", 1, "nw-odd", ("margie-secure-access", 10)),
    Scene(29, "northwind", "direct", tag="nw-odd", with_={"kind": "set_status", "status": "under_review"}),
    Scene(28.9, "northwind", "refresh", tag="nw-odd"),
    Scene(28.8, "northwind", "adopt", tag="nw-odd"),
    order(20, "northwind", 0, "nw-refused", ("fabrikam-object-store", 40), term="P1M",
          fault={"operation": "place_order", "kind": "reject", "code": "capacity_exceeded", "count": 1}),
    Scene(19.9, "northwind", "case", tag="nw-refused",
          with_={"subject": "Why was the order for 40 TB refused?", "impact": "high"}),
    order(12, "lucerne", 1, "lu-partial", ("adatum-meeting-rooms", 3), ("adatum-intranet", 20),
          fault={"operation": "place_order", "kind": "partial", "count": 1}),
    Scene(11, "lucerne", "case", tag="lu-partial",
          with_={"subject": "The intranet was not delivered", "answer": True}),
    order(6, "northwind", 0, "nw-forecast", ("tailspin-forecast", 10), po_reference="NT-4471"),
    Scene(5, "northwind", "direct", tag="nw-backup", with_={"kind": "change_quantity", "quantity": 14}),
    Scene(4.9, "northwind", "refresh", tag="nw-backup"),
    Scene(4, "northwind", "quantity", tag="nw-analytics", with_={"to": 41}),
    order(3, "contoso", 0, "co-errors", ("northfield-error-tracker", 12)),
    order(2, "fourthcoffee", 0, "fc-payroll", ("wide-payroll", 35)),
    order(1, "datum", 0, "da-desk", ("proseware-service-desk", 4)),
    Scene(0.4, "northwind", "cancel", tag="nw-forecast", with_={"mode": "now", "slow": True}),
)  # fmt: skip
# The last one stays at the provider, so that there is something under way.
STUCK = order(0, "northwind", 1, "nw-stuck", ("margie-content-delivery", 2), term="P1M",
              fault={"operation": "*", "kind": "stuck_pending"})  # fmt: skip
