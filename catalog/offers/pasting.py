"""A price grid pasted or sent as a CSV or XLSX file: what each cell says, and what is wrong with it."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from catalog.offers.rules import MOST_BRACKETS
from marketplace.platform.errors import N_, Sentence

QUANTITY, PRICE = "from_quantity", "unit_price"
NOT_A_QUANTITY: Final = N_("« {cell} » n'est pas une quantité : écrivez un nombre entier, par exemple 2 000.")
NOT_A_PRICE: Final = N_("« {cell} » n'est pas un prix : écrivez des euros, quatre décimales au plus, par exemple 4,10.")
NO_PRICE: Final = N_("Le prix manque : deux colonnes, séparées par une tabulation ou un point-virgule.")
TOO_MANY_CELLS: Final = N_("« {cell} » est de trop : deux colonnes, la quantité de départ et le prix unitaire.")
TOO_MANY_LINES: Final = N_("Une grille a {most} tranches au plus.")


@dataclass(frozen=True)
class WrongCell:
    """What is wrong, and where: line and column as the sender counts them, from 1."""

    line: int
    column: int
    reason: Sentence


@dataclass(frozen=True)
class PastedGrid:
    """The rows as written for the schema (texts the API reads), or everything that is wrong with the cells."""

    rows: tuple[dict[str, int | str], ...]
    wrong: tuple[WrongCell, ...]


def read_pasted_grid(text: str) -> PastedGrid:
    """Two columns by line: from quantity, unit price. Empty lines and a first line of words are left out."""
    return read_grid_rows([_split(line) for line in text.splitlines()])


def read_grid_rows(rows: Sequence[Sequence[str]]) -> PastedGrid:
    """The same from the cells of a file, its first row first."""
    lines = [(number, _trimmed(row)) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if lines and not any(letter.isdigit() for cell in lines[0][1] for letter in cell):
        lines = lines[1:]
    if len(lines) > MOST_BRACKETS:
        most = Sentence("pasted_too_many_lines", TOO_MANY_LINES, {"most": MOST_BRACKETS})
        return PastedGrid((), (WrongCell(lines[MOST_BRACKETS][0], 1, most),))
    kept: list[dict[str, int | str]] = []
    wrong: list[WrongCell] = []
    for number, cells in lines:
        faults = _faults(number, cells)
        wrong += faults
        if not faults:
            kept.append({QUANTITY: int(_plain(cells[0])), PRICE: _plain(cells[1])})
    return PastedGrid(tuple(kept) if not wrong else (), tuple(wrong))


def _split(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split("\t" if "\t" in line else ";")]


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = [cell.strip() for cell in row]
    while len(cells) > 2 and not cells[-1]:
        cells.pop()
    return cells


def _faults(line: int, cells: Sequence[str]) -> list[WrongCell]:
    found = []
    if not _is_quantity(_plain(cells[0])):
        found.append(_wrong(line, 1, "pasted_not_a_quantity", NOT_A_QUANTITY, cells[0]))
    if len(cells) == 1:
        found.append(_wrong(line, 2, "pasted_price_missing", NO_PRICE, ""))
    elif not _is_price(_plain(cells[1])):
        found.append(_wrong(line, 2, "pasted_not_a_price", NOT_A_PRICE, cells[1]))
    if len(cells) > 2:
        found.append(_wrong(line, 3, "pasted_cell_too_many", TOO_MANY_CELLS, cells[2]))
    return found


def _wrong(line: int, column: int, code: str, template: str, cell: str) -> WrongCell:
    return WrongCell(line, column, Sentence(code, template, {"cell": cell[:40]}))


def _plain(cell: str) -> str:
    """A figure as the French write it, as a machine reads it: "2 000" → 2000, "4,10 €" → 4.10."""
    return "".join(cell.split()).replace("€", "").replace(",", ".")


def _is_quantity(cell: str) -> bool:
    return cell.isascii() and cell.isdigit() and len(cell) <= 12


def _is_price(cell: str) -> bool:
    try:
        price = Decimal(cell)
    except InvalidOperation:
        return False
    return price.is_finite() and 0 <= price < 10**14 and -int(price.as_tuple().exponent) <= 4
