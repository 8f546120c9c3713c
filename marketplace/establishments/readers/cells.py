"""How one cell becomes a value, and what is said of a cell that does not."""
import re
from collections.abc import Container, Mapping, Sequence
from datetime import date
from decimal import Decimal

from marketplace.establishments import identifiers
from marketplace.establishments.readers.rows import Note
from marketplace.platform.errors import N_, Sentence

_WHOLE = re.compile(r"[0-9]{1,9}(?:[.,]0{1,4})?")
_DECIMAL = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_POSTCODE = re.compile(r"[0-9]{5}")
_CENT = Decimal("0.01")
LONGEST_TEXT = 300
"""No name in the published files passes 100 characters; one of thousands would not even fit an index."""


class Cells:
    """The cells of one line by column name; what is wrong with them gathers in `refusals`, what is odd in `remarks`."""

    __slots__ = ("_cells", "_places", "accepted", "refusals", "remarks", "row")

    def __init__(self, row: int, places: Mapping[str, int], cells: Sequence[str], accepted: Container[str]) -> None:
        self.row = row
        self._places = places
        self._cells = cells
        self.accepted = accepted
        self.refusals: list[Note] = []
        self.remarks: list[Note] = []

    def refuse(self, column: str, problem: Sentence) -> None:
        """Keep this line out, saying why."""
        self.refusals.append(Note(self.row, column, problem))

    def text(self, column: str) -> str | None:
        """The cell without outer spaces and with single inner ones; None when empty."""
        value = " ".join(self._cells[self._places[column]].split())
        if len(value) > LONGEST_TEXT:
            problem = N_("Ce texte a {length} caractères, il en faut {longest} au plus : un guillemet manque peut-être.")
            self.refuse(column, Sentence("text_too_long", problem, {"length": len(value), "longest": LONGEST_TEXT}))
        return value or None

    def needed(self, column: str) -> str:
        """The same, refused when empty."""
        value = self.text(column)
        if value is None:
            self.refuse(column, Sentence("cell_missing", N_("La case est vide : elle est obligatoire, remplissez-la.")))
        return value or ""

    def finess(self, column: str) -> str:
        """A FINESS number, upper case."""
        value = self.needed(column).upper()
        problem = identifiers.finess_problem(value, accepted=self.accepted) if value else None
        if problem:
            self.refuse(column, problem)
        return value

    def whole(self, column: str) -> int | None:
        """A whole number ≥ 0; None when empty."""
        value = self._cells[self._places[column]].strip()
        if not value:
            return None
        if _WHOLE.fullmatch(value) is None:
            self.refuse(column, _not_a_number(value))
            return None
        return int(value.replace(",", ".").split(".")[0])

    def decimal(self, column: str) -> Decimal | None:
        """A decimal ≥ 0 with a comma or a point; None when empty."""
        value = self._cells[self._places[column]].strip()
        if not value:
            return None
        if _DECIMAL.fullmatch(value) is None:
            self.refuse(column, _not_a_number(value))
            return None
        return Decimal(value.replace(",", "."))

    def day(self, column: str) -> date | None:
        """A date written 2026-03-18; None when empty."""
        value = self._cells[self._places[column]].strip()
        if not value:
            return None
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        problem = N_("« {value} » n'est pas une date : écrivez-la AAAA-MM-JJ, par exemple 2026-03-18.")
        self.refuse(column, Sentence("not_a_date", problem, {"value": value}))
        return None

    def postcode(self, column: str) -> str | None:
        """A French postcode; None when empty."""
        value = self.text(column)
        if value is None or _POSTCODE.fullmatch(value):
            return value
        problem = N_("« {value} » n'est pas un code postal : il en faut cinq chiffres ; "
                     "s'il a perdu son zéro de tête, remettez-le.")
        self.refuse(column, Sentence("postcode_wrong", problem, {"value": value}))
        return None

    def siren(self, column: str, *, checked: str | None = None) -> str | None:
        """A SIREN; None when empty. `checked`: the one inside the line's SIRET, whose key already passed."""
        value = self.text(column)
        problem = identifiers.siren_problem(value) if value and value != checked else None
        if problem:
            self.refuse(column, problem)
            return None
        return value

    def siret(self, column: str, *, is_closed: bool = False) -> tuple[str | None, str | None]:
        """(SIRET, SIREN); a nine-digit cell is a SIREN alone. A closed site's wrong SIRET is left out with a remark.

        FINESS keeps placeholders ending in 99999 and old mistakes on sites closed for years: nobody can correct them.
        """
        value = self.text(column)
        if value is None:
            return None, None
        if len(value) == 9:
            return None, self.siren(column)
        problem = identifiers.siret_problem(value)
        if problem is None:
            return value, value[:9]
        if not is_closed:
            self.refuse(column, problem)
        else:
            ignored = N_("SIRET « {value} » non valable, laissé de côté : l'établissement est fermé.")
            self.remarks.append(Note(self.row, column, Sentence("siret_left_out", ignored, {"value": value})))
        return None, None


def total(*figures: int | None) -> int | None:
    """The sum of the figures that are known; None when none is."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def head_count(*figures: Decimal | None) -> Decimal | None:
    """People in all, to the hundredth; None when nothing, or only zeros (the files' filler), was declared."""
    people = sum((figure for figure in figures if figure is not None), Decimal(0))
    return people.quantize(_CENT) if people else None


def _not_a_number(value: str) -> Sentence:
    return Sentence(
        "not_a_number",
        N_("« {value} » n'est pas un nombre : écrivez des chiffres, ou laissez la case vide si vous ne savez pas."),
        {"value": value},
    )


def unplaced(value: str | None) -> Sentence:
    """The refusal of a line whose département cannot be told."""
    return Sentence(
        "department_unknown",
        N_("Le département « {value} » n'existe pas : donnez un code de département (01 à 95, 2A, 2B, 971 à 988) "
           "ou une commune qui permette de le trouver."),
        {"value": value or ""},
    )
