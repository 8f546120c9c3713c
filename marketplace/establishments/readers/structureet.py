"""Reads a line of the legacy FINESS file (`structureet;…`, no header): open establishments of every kind."""
import re

from marketplace.establishments import territory
from marketplace.establishments.legal_statuses import NONPROFIT, PUBLIC
from marketplace.establishments.readers.cells import Cells, unplaced
from marketplace.establishments.readers.rows import EstablishmentRow

LAYOUT = "structureet"
COLUMNS = (
    "section", "nofinesset", "nofinessej", "rs", "rslongue", "complrs", "compldistrib", "numvoie", "typvoie", "voie",
    "compvoie", "lieuditbp", "commune", "departement", "libdepartement", "ligneacheminement", "telephone", "telecopie",
    "categetab", "libcategetab", "categagretab", "libcategagretab", "siret", "codeape", "codemft", "libmft", "codesph",
    "libsph", "dateouv", "dateautor", "datemaj", "numuai",
)  # fmt: skip
STATES_CLOSURES = False
_ROUTING = re.compile(r"([0-9]{5}) (.+)")
_SECTOR_BY_ESPIC = {"1": PUBLIC, "2": NONPROFIT, "6": NONPROFIT, "7": NONPROFIT}
_SECTOR_BY_TARIFF = {"03": PUBLIC, "04": NONPROFIT}
ESPIC_CODE = "6"


def read(cells: Cells) -> EstablishmentRow:
    """The establishment of one line. The file has no legal status and no operator's name.

    Sector by `codesph` (1 public, 2/6/7 non-profit), then by `codemft` (03 public, 04 non-profit). Everything else is
    inconclusive: « 0 Non concerné » is written for companies, associations and départements alike (checked against the
    2023 and 2026 files), so that the sector stays unknown unless the operator's legal status is already known.
    """
    routing = cells.text("ligneacheminement") or ""
    match = _ROUTING.fullmatch(routing)
    postcode, town = (match[1], match[2]) if match else (None, routing or None)
    code = cells.text("departement") or ""
    department = territory.department_of_finess_code(code, postcode or "")
    if department is None:
        cells.refuse("departement", unplaced(code))
    siret, siren = cells.siret("siret")
    espic = cells.text("codesph") or ""
    tariff = (cells.text("codemft") or "").zfill(2)
    sector = _SECTOR_BY_ESPIC.get(espic) or _SECTOR_BY_TARIFF.get(tariff)
    return EstablishmentRow(
        row=cells.row,
        finess=cells.finess("nofinesset"),
        finess_ej=cells.finess("nofinessej"),
        name=cells.text("rslongue") or cells.needed("rs"),
        operator_siren=siren,
        name_complement=cells.text("complrs"),
        finess_category=cells.text("categetab"),
        category_label=cells.text("libcategetab"),
        sector=sector,
        espic=espic == ESPIC_CODE,
        siret=siret,
        siren=siren,
        region=territory.region_of(department),
        department=department,
        insee_code=territory.insee_code_of_finess(code, cells.text("commune") or ""),
        town=town,
        postcode=postcode,
        opened_on=cells.day("dateouv"),
    )
