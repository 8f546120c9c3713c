"""Reads a line of the flattened 2026 FINESS file: every kind of establishment, open or closed, and its operator."""
from datetime import date

from marketplace.establishments import legal_statuses, territory
from marketplace.establishments.legal_statuses import NONPROFIT
from marketplace.establishments.readers.cells import Cells, unplaced
from marketplace.establishments.readers.rows import EstablishmentRow
from marketplace.platform.errors import N_, Sentence

LAYOUT = "finess_2026"
COLUMNS = (
    "finess_et", "finess_ej", "raison_sociale_ej", "statut_juridique", "siren_ej", "nom_court", "nom_long", "categorie",
    "lib_categorie", "mode_fixation_tarifaire", "espic", "siret", "etat", "date_ouverture", "date_fermeture",
    "cog_commune", "code_postal", "ville",
)  # fmt: skip
STATES_CLOSURES = True
ESPIC_CODE = "6"


def read(cells: Cells) -> EstablishmentRow:
    """The establishment of one line; the sector follows from the operator's legal status."""
    closed_on = _closing(cells)
    legal_status = cells.text("statut_juridique")
    sector = legal_statuses.sector_of(legal_status)
    operator_siren = cells.siren("siren_ej")
    siret, siren = cells.siret("siret", is_closed=closed_on is not None)
    postcode = cells.postcode("code_postal")
    insee_code = cells.text("cog_commune")
    department = territory.department_of_insee(insee_code or "") or territory.department_of_postcode(postcode or "")
    if department is None:
        cells.refuse("cog_commune", unplaced(insee_code or postcode))
    return EstablishmentRow(
        row=cells.row,
        finess=cells.finess("finess_et"),
        finess_ej=cells.finess("finess_ej"),
        name=cells.text("nom_long") or cells.needed("nom_court"),
        operator_name=cells.needed("raison_sociale_ej"),
        operator_siren=operator_siren,
        finess_category=cells.text("categorie"),
        category_label=cells.text("lib_categorie"),
        sector=sector,
        legal_status=legal_status,
        espic=cells.text("espic") == ESPIC_CODE and sector == NONPROFIT,
        siret=siret,
        siren=siren or operator_siren,
        region=territory.region_of(department),
        department=department,
        insee_code=insee_code,
        town=cells.text("ville"),
        postcode=postcode,
        opened_on=cells.day("date_ouverture"),
        closed_on=closed_on,
    )


def _closing(cells: Cells) -> date | None:
    """The closing date of an inactive site (etat I); an active one (A) has none."""
    state = cells.needed("etat").upper()
    closed_on = cells.day("date_fermeture")
    if state == "I" and closed_on is None:
        problem = N_("L'établissement est inactif (I) mais sa date de fermeture manque : donnez-la.")
        cells.refuse("date_fermeture", Sentence("closing_date_missing", problem))
    elif state not in ("A", "I", ""):
        problem = N_("État « {value} » inconnu : écrivez A (actif) ou I (inactif).")
        cells.refuse("etat", Sentence("state_unknown", problem, {"value": state}))
    return closed_on if state == "I" else None
