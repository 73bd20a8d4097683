"""Who plays in the demo: customers, people and accounts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Player:
    """A customer of the demo, with the domain of its people's addresses."""

    key: str
    kind: str
    name: str
    legal_name: str
    host: str
    country: str
    currency: str
    language: str
    time_zone: str
    tax_id: str | None = None
    reseller: str | None = None
    accounts: tuple[str, ...] = ("Head office", "Retail stores")
    budget: int | None = None
    address: tuple[str, str, str] = ("", "", "")  # street, postcode, city


PLAYERS = (
    Player("operator", "operator", "Cloud Sales Operations", "Cloud Sales Operations B.V.", "operator.example", "NL",
           "EUR", "en", "Europe/Amsterdam", accounts=(), address=("Gracht 100", "1000 AA", "Amsterdam")),
    Player("northwind", "direct", "Northwind Traders", "Northwind Traders B.V.", "northwind.example", "NL", "EUR", "en",
           "Europe/Amsterdam", "NL123456789B01", budget=9000, address=("Keizersgracht 1234", "1017 ZZ", "Amsterdam")),
    Player("lucerne", "direct", "Lucerne Publishing", "Lucerne Publishing Pte. Ltd.", "lucerne.example", "SG", "SGD",
           "en", "Asia/Singapore", "201912345K", accounts=("Editorial", "Printing"),
           address=("9 Lucerne Road, #04-12", "000009", "Singapore")),
    Player("contoso", "reseller", "Contoso Partners", "Contoso Partners GmbH", "contoso.example", "DE", "EUR", "de",
           "Europe/Berlin", "DE123456789", accounts=("Own use", "Demonstrations"),
           address=("Contosostraße 12", "10999", "Berlin")),
    Player("wingtip", "end_customer", "Wingtip Toys", "Wingtip Toys GmbH", "wingtip.example", "DE", "EUR", "de",
           "Europe/Berlin", "DE987654321", "contoso", ("Workshop", "Online shop"),
           address=("Spielzeugweg 3", "20999", "Hamburg")),
    Player("fourthcoffee", "end_customer", "Fourth Coffee", "Fourth Coffee AS", "fourthcoffee.example", "NO", "NOK",
           "en", "Europe/Oslo", "NO999888777MVA", "contoso", ("Roastery", "Cafés"),
           address=("Kaffegata 4", "0199", "Oslo")),
    Player("datum", "end_customer", "Datum Works", "Datum Works K.K.", "datum.example", "JP", "JPY", "ja", "Asia/Tokyo",
           "T1234567890123", "contoso", ("本社", "大阪支店"), address=("1-1 Datum, Chiyoda-ku", "100-0001", "Tokyo")),
)  # fmt: skip
ROLES = {"owner": "Olivia Owen", "buyer": "Bruno Berg", "billing": "Bianca Bell", "reader": "Remy Ross"}
STAFF = {"administrator": "Ada Lind", "agent": "Aiden Stone", "saga.operator": "Rita Moss"}
