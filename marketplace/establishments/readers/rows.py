"""What a reader hands over: establishments as values, and notes (row, field, sentence) on cells it cannot read."""
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from marketplace.platform.errors import Sentence


@dataclass(frozen=True, slots=True)
class EstablishmentRow:
    """One site as a file states it; None where the file says nothing. `row` is the line number in the file."""

    row: int
    finess: str
    finess_ej: str
    name: str
    operator_name: str | None = None
    operator_siren: str | None = None
    name_complement: str | None = None
    finess_category: str | None = None
    category_label: str | None = None
    sector: str | None = None
    legal_status: str | None = None
    espic: bool = False
    siret: str | None = None
    siren: str | None = None
    region: str | None = None
    department: str | None = None
    insee_code: str | None = None
    town: str | None = None
    postcode: str | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    mco_stays: int | None = None
    mco_beds: int | None = None
    smr_beds: int | None = None
    psychiatry_beds: int | None = None
    home_places: int | None = None
    staff: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about one cell: a refusal (the row stays out) or a remark (the row comes in without the cell)."""

    row: int
    field: str
    sentence: Sentence


@dataclass
class Reading:
    """A whole file, read. `states_closures` is true for the layout that says which sites are open and which closed."""

    layout: str
    states_closures: bool = False
    rows: list[EstablishmentRow] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)
    remarks: list[Note] = field(default_factory=list)

    @property
    def refused_rows(self) -> list[int]:
        """Line numbers that stay out, each once, in order."""
        return sorted({note.row for note in self.refusals})
