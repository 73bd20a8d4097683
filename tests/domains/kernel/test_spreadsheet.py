"""No cell of a table is taken for a formula; numbers stay numbers."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from domains.kernel.spreadsheet import as_csv, harmless

pytestmark = pytest.mark.asvs("1.2.10")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "|cmd", "＝1", "%0A=1"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(("text", "shown"), [
    (" =1", " '=1"), ("\n=1", "'\n'=1"), ("\ufeff=1+1", "\ufeff'=1+1"), ("\x00=1+1", "\x00'=1+1"),
    ("\u200b=1+1", "\u200b'=1+1"), ("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"), ("x;\u200b @SUM(1)", "x;\u200b '@SUM(1)"),
    ("a\tb\t-1", "a\tb\t'-1"), ("two\r\n+lines", "two\r\n'+lines"), ("=1;=2", "'=1;'=2"),
    ('x;"=1+1;y', 'x;"\'=1+1;y'), ('"=1+1', '"\'=1+1'), (";;=1", ";;'=1"),
])  # fmt: skip
def test_a_formula_behind_unseen_signs_or_where_another_reader_begins_a_cell_gets_one_too(
    text: str, shown: str
) -> None:
    assert harmless(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Northwind",
        "a=b",
        "1-2",
        "",
        "’tis",
        "a; b-c",
        "(-5)",
        "x; y = z",
        "01a22d12-10ed-77de-baa7-fbbea349f7f1",
        "Ünal & Söhne",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert harmless(text) == text


def test_numbers_stay_numbers_and_what_is_not_known_is_empty() -> None:
    text = as_csv(("a", "b", "c", "d"), [(-5, Decimal("-1.50"), None, '=HYPERLINK("x")'), (1, 2.5, "", "a\r\nb")])

    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b", "c", "d"], ["-5", "-1.50", "", "'=HYPERLINK(\"x\")"], ["1", "2.5", "", "a\r\nb"],
    ]  # fmt: skip


def test_who_parts_cells_at_semicolons_finds_no_formula_behind_a_quote() -> None:
    text = as_csv(("a", "b"), [("x", 'y;"=1+1;z')])

    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row]
    assert [cell for cell in cells if cell.startswith("=")] == []
