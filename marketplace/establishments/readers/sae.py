"""Reads a line of the SAE-style file: health establishments with activity and staff, one line per site."""
from marketplace.establishments import rules, territory
from marketplace.establishments.legal_statuses import FOR_PROFIT, NONPROFIT, PUBLIC
from marketplace.establishments.readers.cells import Cells, head_count, total, unplaced
from marketplace.establishments.readers.rows import EstablishmentRow
from marketplace.platform.errors import N_, Sentence

LAYOUT = "sae"
COLUMNS = (
    "finess_et", "finess_ej", "raison_sociale", "complement_rs", "categorie", "lib_categorie", "statut_juridique",
    "secteur", "code_espic", "code_mft", "siret", "siren", "region", "departement", "code_insee", "commune",
    "code_postal", "lits_mco", "places_mco", "sejours_hc_mco", "journees_mco", "lits_smr", "lits_psy_hc", "places_had",
    "etp_non_medical", "etp_medical_salarie", "effectif_liberal", "act_urgences", "act_had", "act_smr", "act_psy",
    "act_dialyse",
)  # fmt: skip
STATES_CLOSURES = False
ESPIC_CODE = "6"
_SECTORS = {"public": PUBLIC, "prive lucratif": FOR_PROFIT, "prive non lucratif": NONPROFIT}


def read(cells: Cells) -> EstablishmentRow:
    """The establishment of one line; what cannot be read is in `cells.refusals`.

    Staff is salaried full-time equivalents plus liberal heads (domain §3). The file names no operator.
    """
    sector = _sector(cells)
    siret, siren = cells.siret("siret")
    siren = cells.siren("siren", checked=siren) or siren
    postcode = cells.postcode("code_postal")
    department, insee_code = _place(cells, postcode)
    return EstablishmentRow(
        row=cells.row,
        finess=cells.finess("finess_et"),
        finess_ej=cells.finess("finess_ej"),
        name=cells.needed("raison_sociale"),
        name_complement=cells.text("complement_rs"),
        operator_siren=siren,
        finess_category=cells.text("categorie"),
        category_label=cells.text("lib_categorie"),
        sector=sector,
        legal_status=cells.text("statut_juridique"),
        espic=cells.text("code_espic") == ESPIC_CODE and sector == NONPROFIT,
        siret=siret,
        siren=siren,
        region=territory.region_of(department),
        department=department,
        insee_code=insee_code,
        town=cells.text("commune"),
        postcode=postcode,
        mco_stays=cells.whole("sejours_hc_mco"),
        mco_beds=total(cells.whole("lits_mco"), cells.whole("places_mco")),
        smr_beds=cells.whole("lits_smr"),
        psychiatry_beds=cells.whole("lits_psy_hc"),
        home_places=cells.whole("places_had"),
        staff=head_count(
            cells.decimal("etp_non_medical"), cells.decimal("etp_medical_salarie"), cells.decimal("effectif_liberal")
        ),
    )


def _sector(cells: Cells) -> str | None:
    written = cells.needed("secteur")
    sector = _SECTORS.get(rules.fold(written))
    if sector is None and written:
        problem = N_("Secteur « {value} » inconnu : écrivez Public, Privé lucratif ou Privé non lucratif.")
        cells.refuse("secteur", Sentence("sector_unknown", problem, {"value": written}))
    return sector


def _place(cells: Cells, postcode: str | None) -> tuple[str | None, str | None]:
    """(département, INSEE code); overseas the file writes 9D and 9D411 for 974 and 97411."""
    code, commune = cells.text("departement") or "", cells.text("code_insee") or ""
    department = territory.department_of_finess_code(code, postcode or "") or territory.department_of_insee(commune)
    if department is None:
        cells.refuse("departement", unplaced(code))
    return department, territory.insee_code_of_finess(commune[:2], commune[2:])
