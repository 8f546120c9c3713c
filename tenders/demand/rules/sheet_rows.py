"""What the cells of a spreadsheet of needs say: which column is which, and each row as a need or as refusals."""
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from marketplace.establishments.rules import fold
from marketplace.platform.errors import N_, Sentence
from tenders.demand.rules.phases import MOST_YEARS

COLUMNS: Final = (
    "finess", "name", "quantity", "firmness", "tolerance", "minimum_pool_quantity", "maximum_unit_price", "grappe",
)  # fmt: skip
YEAR_COLUMNS: Final = tuple(f"year_{number}" for number in range(1, MOST_YEARS + 1))
"""The need spread over the years of the lot (rules/phases.py); a sheet without them says nothing of it."""
REQUIRED: Final = ("finess", "quantity", "firmness")
MOST_ROWS: Final = 5_000
HEADERS: Final[Mapping[str, str]] = {
    **{column.replace("_", " "): column for column in (*COLUMNS, *YEAR_COLUMNS)},
    **{f"annee {number}": column for number, column in enumerate(YEAR_COLUMNS, 1)},
    "numero finess": "finess", "n finess": "finess", "nom": "name", "etablissement": "name", "establishment": "name",
    "quantite": "quantity", "engagement": "firmness", "marge": "tolerance", "marge en plus": "tolerance",
    "volume reuni minimum": "minimum_pool_quantity", "prix unitaire ht maximum": "maximum_unit_price",
    "prix unitaire maximum": "maximum_unit_price",
}  # fmt: skip
"""Folded header → column; French and English."""
FIRMNESS: Final[Mapping[str, str]] = {
    "indicative": "indicative", "indicatif": "indicative", "conditional": "conditional", "conditionnel": "conditional",
    "firm": "firm", "ferme": "firm",
}  # fmt: skip
_SPACES = re.compile(r"[\s'’\u00a0\u202f]")
_WHOLE = re.compile(r"\d{1,12}(?:[.,]0+)?")
_PRICE = re.compile(r"\d{1,14}(?:[.,]\d{1,4})?")


@dataclass(frozen=True)
class Refusal:
    """A cell that cannot be taken: the row as the spreadsheet counts (the header is row 1), the column, and why."""

    row: int
    field: str
    why: Sentence


@dataclass(frozen=True)
class Entry:
    """A row that asks for a need, in the lot's unit; `grappe` is a name, an id or empty as it was written.

    `phases`: quantities by year, () when the row says that there are none, None when the sheet has no such columns.
    """

    row: int
    finess: str
    quantity: int
    firmness: str
    tolerance: int
    minimum_pool_quantity: int | None
    maximum_unit_price: Decimal | None
    grappe: str
    phases: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Reading:
    """A whole sheet read: rows that ask for something, cells refused, and the rows without a quantity (nothing asked)."""

    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]
    without_quantity: tuple[tuple[int, str], ...]


def read_rows(rows: Sequence[Sequence[str]]) -> Reading:
    """Every row of a sheet, the header first. A header that is wrong is refused alone: the rest would be noise."""
    if not rows:
        return Reading((), (Refusal(1, "finess", Sentence("sheet_empty", EMPTY)),), ())
    places, refusals = _columns(rows[0])
    if refusals:
        return Reading((), tuple(refusals), ())
    if len(rows) - 1 > MOST_ROWS:
        return Reading((), (Refusal(MOST_ROWS + 2, "finess", Sentence("sheet_too_long", TOO_LONG, {"most": MOST_ROWS})),), ())
    entries: list[Entry] = []
    silent: list[tuple[int, str]] = []
    for number, cells in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        row = _Row(number, {name: _cell(cells, place) for name, place in places.items()})
        finess = row.finess()
        if not row.cells["quantity"]:
            silent.append((number, finess))
        elif entry := row.entry(finess):
            entries.append(entry)
        refusals += row.refusals
    return Reading(tuple(entries), (*refusals, *_repeated(entries)), tuple(silent))


def _columns(header: Sequence[str]) -> tuple[dict[str, int], list[Refusal]]:
    places: dict[str, int] = {}
    refusals = []
    for place, written in enumerate(header):
        name = fold(written)
        if not name:
            continue
        column = HEADERS.get(name)
        if column is None:
            refusals.append(_header(written, "column_unknown", UNKNOWN))
        elif column in places:
            refusals.append(_header(column, "column_twice", TWICE))
        else:
            places[column] = place
    refusals += [_header(column, "column_missing", MISSING) for column in REQUIRED if column not in places]
    return places, refusals


def _header(column: str, code: str, template: str) -> Refusal:
    return Refusal(1, column, Sentence(code, template, {"column": column}))


def _cell(cells: Sequence[str], place: int) -> str:
    """The cell without outer spaces and without the apostrophe that an export puts before a formula's first sign."""
    value = cells[place].strip() if place < len(cells) else ""
    return value[1:] if len(value) > 1 and value[0] == "'" and value[1] in "=+-@" else value


def _repeated(entries: Sequence[Entry]) -> list[Refusal]:
    first: dict[str, int] = {}
    return [
        Refusal(entry.row, "finess", Sentence("row_repeated", REPEATED, {"first": first[entry.finess]}))
        for entry in entries
        if first.setdefault(entry.finess, entry.row) != entry.row
    ]


class _Row:
    """The cells of one row, read one by one; what is wrong is collected."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self.number = number
        self.cells = dict.fromkeys(COLUMNS, "") | dict(cells)
        self.refusals: list[Refusal] = []

    def refuse(self, column: str, code: str, template: str) -> None:
        """Note that this cell cannot be taken."""
        self.refusals.append(Refusal(self.number, column, Sentence(code, template, {"value": self.cells[column]})))

    def finess(self) -> str:
        """The FINESS number; a spreadsheet that took it for a figure lost its first zero."""
        value = self.cells["finess"].upper().replace(" ", "")
        if not value:
            self.refuse("finess", "cell_missing", NEEDED)
        return value.zfill(9) if value.isdigit() else value

    def entry(self, finess: str) -> Entry | None:
        """The row as a need, or None when one of its cells was refused."""
        firmness = FIRMNESS.get(fold(self.cells["firmness"]))
        if firmness is None:
            self.refuse("firmness", "firmness_unknown", FIRMNESS_UNKNOWN)
        quantity = self.whole("quantity")
        if quantity == 0:
            self.refuse("quantity", "quantity_zero", QUANTITY_ZERO)
        tolerance, pooled = self.whole("tolerance"), self.whole("minimum_pool_quantity")
        price, phases = self.price("maximum_unit_price"), self.phases()
        if self.refusals or firmness is None or quantity is None:
            return None
        return Entry(
            self.number, finess, quantity, firmness, tolerance or 0, pooled or None, price or None, self.cells["grappe"],
            phases,
        )  # fmt: skip

    def phases(self) -> tuple[int, ...] | None:
        """The quantities by year up to the last one written; a year left out among them is refused."""
        columns = [column for column in YEAR_COLUMNS if column in self.cells]
        if not columns:
            return None
        found = [self.whole(column) for column in columns]
        while found and found[-1] is None:
            found.pop()
        for column, quantity in zip(columns, found, strict=False):
            if quantity is None and not self.cells[column]:
                self.refuse(column, "year_missing", YEAR_MISSING)
        return tuple(quantity or 0 for quantity in found)

    def whole(self, column: str) -> int | None:
        """A whole number, thousands apart or not; None when empty."""
        value = _SPACES.sub("", self.cells[column])
        if not value:
            return None
        if _WHOLE.fullmatch(value) is None:
            self.refuse(column, "not_a_whole_number", NOT_WHOLE)
            return None
        return int(value.replace(",", ".").split(".")[0])

    def price(self, column: str) -> Decimal | None:
        """Euros with a comma or a point; None when empty."""
        value = _SPACES.sub("", self.cells[column]).removesuffix("€")
        if not value:
            return None
        if _PRICE.fullmatch(value) is None:
            self.refuse(column, "not_a_price", NOT_A_PRICE)
            return None
        return Decimal(value.replace(",", "."))


EMPTY: Final = N_("La feuille est vide : partez du modèle à télécharger.")
TOO_LONG: Final = N_("La feuille a plus de {most} lignes : partagez-la en plusieurs fichiers.")
UNKNOWN: Final = N_("La colonne « {column} » est inconnue : retirez-la, ou reprenez les titres du modèle.")
TWICE: Final = N_("La colonne « {column} » est là deux fois : gardez-en une.")
MISSING: Final = N_("La colonne « {column} » manque : reprenez les titres du modèle.")
REPEATED: Final = N_("Cet établissement est déjà à la ligne {first} : gardez une seule ligne par établissement.")
NEEDED: Final = N_("La case est vide : elle est obligatoire, remplissez-la.")
FIRMNESS_UNKNOWN: Final = N_("« {value} » n'est pas un engagement : écrivez indicatif, conditionnel ou ferme.")
QUANTITY_ZERO: Final = N_("Une quantité est d'au moins 1 ; pour retirer un besoin, ouvrez la page de l'établissement.")
NOT_WHOLE: Final = N_("« {value} » n'est pas un nombre entier : écrivez des chiffres, sans unité ni virgule.")
YEAR_MISSING: Final = N_("Une année manque entre deux autres : écrivez 0 pour une année sans besoin.")
NOT_A_PRICE: Final = N_("« {value} » n'est pas un prix : écrivez par exemple 4,10, quatre décimales au plus.")
