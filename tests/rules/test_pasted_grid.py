"""A grid pasted from a spreadsheet: read the French way, wrong cells named one by one."""
import pytest

from catalog.offers.pasting import read_pasted_grid


@pytest.mark.parametrize(
    "text",
    [
        "1;6,00\n500;5\n2 000;4,10",
        "À partir de\tPrix unitaire HT\n1\t6,00\n500\t5 €\n\n2\u202f000\t4,10 €\n",
        '"1";"6,00"\r\n"500";"5"\r\n"2000";"4,10";\r\n',
    ],
)
def test_what_a_spreadsheet_gives_is_read(text: str) -> None:
    grid = read_pasted_grid(text)
    assert grid.wrong == ()
    assert [row["from_quantity"] for row in grid.rows] == [1, 500, 2000]
    assert [row["unit_price"] for row in grid.rows][2] == "4.10"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1;6\nbeaucoup;5", [(2, 1, "pasted_not_a_quantity")]),
        ("1;-6", [(1, 2, "pasted_not_a_price")]),
        ("1;NaN\n2;1,00001\n3;", [(1, 2, "pasted_not_a_price"), (2, 2, "pasted_not_a_price"), (3, 2, "pasted_not_a_price")]),
        ("1\n1,5;x", [(1, 2, "pasted_price_missing"), (2, 1, "pasted_not_a_quantity"), (2, 2, "pasted_not_a_price")]),
        ("1;6;EUR", [(1, 3, "pasted_cell_too_many")]),
        ("\n".join(f"{n};1" for n in range(1, 22)), [(21, 1, "pasted_too_many_lines")]),
    ],
)
def test_every_wrong_cell_is_named_and_nothing_is_read(text: str, wrong: list[tuple[int, int, str]]) -> None:
    grid = read_pasted_grid(text)
    assert [(each.line, each.column, each.reason.code) for each in grid.wrong] == wrong
    assert grid.rows == ()


def test_nothing_pasted_is_no_grid() -> None:
    assert read_pasted_grid(" \n ") == read_pasted_grid("")
    assert read_pasted_grid("").rows == ()
