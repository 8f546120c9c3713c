"""The three files an import reads: layouts, encodings, and what is said of a file or a cell that cannot be read."""
import random
from datetime import date
from decimal import Decimal

import pytest

from marketplace.establishments.readers import sae
from marketplace.establishments.readers.files import read_establishments
from marketplace.platform.errors import RuleBroken
from tests.factories.establishments import finess
from tests.factories.finess_files import FINESS_2026, LEGACY, SAE, finess_2026_file, legacy_file, sae_file


def refusal_of(data: bytes) -> str:
    with pytest.raises(RuleBroken) as refused:
        read_establishments(data)
    assert refused.value.sentence.in_french()
    return refused.value.code


def only_note(data: bytes) -> tuple[int, str, str]:
    reading = read_establishments(data)
    assert reading.rows == []
    (note,) = reading.refusals
    assert note.sentence.in_french()
    return note.row, note.field, note.sentence.code


def test_a_sae_line_gives_identity_place_activity_and_staff() -> None:
    (row,) = read_establishments(sae_file({"finess_et": SAE["finess_et"], "complement_rs": "GROUPE FICTIF"})).rows
    assert (row.row, row.finess, row.finess_ej, row.name) == (2, SAE["finess_et"], SAE["finess_ej"], "CLINIQUE FICTIVE")
    assert (row.sector, row.legal_status, row.espic, row.name_complement) == (
        "private_for_profit", "95", False, "GROUPE FICTIF",
    )  # fmt: skip
    assert (row.region, row.department, row.insee_code, row.postcode) == ("84", "01", "01053", "01000")
    assert (row.mco_stays, row.mco_beds, row.smr_beds) == (4000, 100, None)
    assert row.staff == Decimal("140.75")


def test_overseas_letters_of_the_sae_file_become_departements() -> None:
    cells = {"departement": "9D", "code_insee": "9D411", "code_postal": "97829"}
    (row,) = read_establishments(sae_file(cells)).rows
    assert (row.region, row.department, row.insee_code) == ("04", "974", "97411")


def test_staff_of_only_zeros_is_unknown_not_small() -> None:
    zeros = {"etp_non_medical": "0.0", "etp_medical_salarie": "0.0", "effectif_liberal": "0"}
    (row,) = read_establishments(sae_file(zeros)).rows
    assert row.staff is None


def test_a_nine_digit_siret_is_a_siren_alone() -> None:
    (row,) = read_establishments(sae_file({"siret": "732829320", "siren": ""})).rows
    assert (row.siret, row.siren) == (None, "732829320")


def test_espic_is_a_quality_of_the_non_profit_sector() -> None:
    nonprofit = {"secteur": "Privé non lucratif", "statut_juridique": "60", "code_espic": "6"}
    first, second = read_establishments(sae_file(nonprofit, {"code_espic": "6"})).rows
    assert first.espic and not second.espic


def test_a_2026_line_takes_its_sector_from_the_legal_status() -> None:
    reading = read_establishments(finess_2026_file({"finess_et": FINESS_2026["finess_et"]}))
    (row,) = reading.rows
    assert reading.states_closures
    assert (row.sector, row.operator_name, row.name) == (
        "private_nonprofit", "ASSOCIATION FICTIVE", "EHPAD FICTIF DES ESSAIS",
    )  # fmt: skip
    assert (row.region, row.department, row.siren, row.closed_on) == ("94", "2A", "732829320", None)
    assert row.opened_on == date(1990, 1, 1)


def test_a_closed_site_keeps_its_date_and_loses_only_a_wrong_siret() -> None:
    closed = {"etat": "I", "date_fermeture": "1996-01-01", "siret": "73282932099999"}
    reading = read_establishments(finess_2026_file(closed))
    (row,) = reading.rows
    assert (row.closed_on, row.siret) == (date(1996, 1, 1), None)
    assert [(note.row, note.field, note.sentence.code) for note in reading.remarks] == [(2, "siret", "siret_left_out")]
    assert only_note(finess_2026_file({"siret": "73282932099999"})) == (2, "siret", "siret_wrong")


def test_a_legacy_line_is_read_by_position() -> None:
    (row,) = read_establishments(legacy_file({"nofinesset": LEGACY["nofinesset"]})).rows
    assert (row.row, row.name, row.sector) == (2, "CENTRE HOSPITALIER FICTIF", "public")
    assert (row.department, row.region, row.insee_code) == ("974", "04", "97411")
    assert (row.postcode, row.town, row.opened_on) == ("97405", "ST DENIS CEDEX", date(1957, 7, 1))


@pytest.mark.parametrize(
    ("espic", "tariff", "sector"),
    [("1", "03", "public"), ("6", "04", "private_nonprofit"), ("7", "07", "private_nonprofit"), ("", "3", "public"),
     ("", "04", "private_nonprofit"), ("0", "07", None), ("", "08", None)],
)  # fmt: skip
def test_the_legacy_file_says_a_sector_only_where_its_codes_do(espic: str, tariff: str, sector: str | None) -> None:
    (row,) = read_establishments(legacy_file({"codesph": espic, "codemft": tariff})).rows
    assert row.sector == sector


def test_the_legacy_file_may_come_without_its_first_line() -> None:
    whole = legacy_file()
    assert len(read_establishments(whole.split(b"\n", 1)[1]).rows) == 1


@pytest.mark.parametrize("make", [sae_file, finess_2026_file, legacy_file])
def test_utf8_utf8_with_bom_and_windows_1252_read_the_same(make) -> None:
    field = {sae_file: "raison_sociale", finess_2026_file: "nom_long", legacy_file: "rslongue"}[make]
    text = make({field: "Hôpital du Cœur – L’Haÿ"}).decode()
    plain, marked, windows = (text.encode(code) for code in ("utf-8", "utf-8-sig", "cp1252"))
    assert read_establishments(plain).rows[0].name == "Hôpital du Cœur – L’Haÿ"
    assert read_establishments(plain).rows == read_establishments(marked).rows == read_establishments(windows).rows


def test_text_is_composed() -> None:
    (row,) = read_establishments(sae_file({"raison_sociale": "Ho\u0302pital"})).rows
    assert row.name == "Hôpital"


ACCENTED = sae_file({"raison_sociale": "HÔPITAL DÉMO"}, {"raison_sociale": "CHÂTEAU"}).decode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "import_file_empty"),
        (b" \r\n \n", "import_file_empty"),
        (b"\xef\xbb\xbf", "import_file_empty"),
        (ACCENTED.encode("utf-16"), "import_encoding_unknown"),
        (ACCENTED.encode("cp850"), "import_encoding_unknown"),
        (ACCENTED.encode().replace("CHÂTEAU".encode(), "CHÂTEAU".encode("cp1252")), "import_encoding_mixed"),
        (ACCENTED.encode().decode("cp1252", "replace").encode(), "import_encoding_doubled"),
        (b"finess_et;nom\n\x00\x01\x02;x\n", "import_file_binary"),
        (b"name,town\nA,B\n", "import_format_unknown"),
        (sae_file(columns=[c for c in sae.COLUMNS if c != "finess_ej"]), "import_columns_missing"),
        (sae_file(columns=[*sae.COLUMNS, "siret"]), "import_columns_doubled"),
        (sae_file().split(b"\n", 1)[0] + b"\n", "import_no_rows"),
        (sae_file({"raison_sociale": '"CLINIQUE'}), "import_quotes_broken"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(data: bytes, code: str) -> None:
    assert refusal_of(data) == code


@pytest.mark.parametrize("seed", range(40))
def test_random_bytes_are_refused_in_a_sentence(seed: int) -> None:
    assert refusal_of(random.Random(seed).randbytes(300)).startswith("import_")


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"finess_et": "010000025"}, "finess_et", "finess_key_wrong"),
        ({"finess_ej": "10000024"}, "finess_ej", "finess_malformed"),
        ({"raison_sociale": "  "}, "raison_sociale", "cell_missing"),
        ({"raison_sociale": "X" * 301}, "raison_sociale", "text_too_long"),
        ({"secteur": "Mixte"}, "secteur", "sector_unknown"),
        ({"siret": "73282932000075"}, "siret", "siret_wrong"),
        ({"siren": "732829321"}, "siren", "siren_wrong"),
        ({"lits_mco": "douze"}, "lits_mco", "not_a_number"),
        ({"lits_mco": "-3"}, "lits_mco", "not_a_number"),
        ({"etp_non_medical": "1e5"}, "etp_non_medical", "not_a_number"),
        ({"code_postal": "1000"}, "code_postal", "postcode_wrong"),
        ({"departement": "20", "code_insee": ""}, "departement", None),
        ({"departement": "99", "code_insee": "", "code_postal": ""}, "departement", "department_unknown"),
    ],
)
def test_a_bad_cell_is_named_with_its_row(cells: dict[str, str], field: str, code: str | None) -> None:
    if code is None:
        assert read_establishments(sae_file(cells)).rows[0].department == "01"
    else:
        assert only_note(sae_file(cells)) == (2, field, code)


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"etat": "X"}, "etat", "state_unknown"),
        ({"etat": "I"}, "date_fermeture", "closing_date_missing"),
        ({"date_ouverture": "1990-02-30"}, "date_ouverture", "not_a_date"),
        ({"date_ouverture": "01/02/1990"}, "date_ouverture", "not_a_date"),
    ],
)
def test_states_and_dates_of_the_2026_file_are_checked(cells: dict[str, str], field: str, code: str) -> None:
    assert only_note(finess_2026_file(cells)) == (2, field, code)


def test_a_line_with_a_cell_too_many_is_refused_alone() -> None:
    data = sae_file({}, {}).replace(b"BOURG EN BRESSE", b"BOURG;EN BRESSE", 1)
    reading = read_establishments(data)
    assert [(note.row, note.sentence.code) for note in reading.refusals] == [(2, "line_length_wrong")]
    assert [row.row for row in reading.rows] == [3]


def test_a_repeated_finess_is_refused_and_says_where_it_was_first() -> None:
    same = {"finess_et": finess(7)}
    reading = read_establishments(sae_file(same, {}, same))
    (note,) = reading.refusals
    assert (note.row, note.sentence.code, note.sentence.values["line"]) == (4, "finess_repeated", 2)


def test_rows_are_numbered_as_an_editor_shows_them() -> None:
    name = {"raison_sociale": '"CLINIQUE\nSUR DEUX LIGNES"'}
    reading = read_establishments(sae_file(name, {"secteur": "?"}))
    assert reading.rows[0].name == "CLINIQUE SUR DEUX LIGNES"
    assert reading.refused_rows == [4]


def test_columns_may_come_in_any_order_with_others_beside() -> None:
    shuffled = sae_file(columns=[*reversed(sae.COLUMNS), "autre"])
    # The first column of the builder carries the number of the line: put it back where it belongs.
    text = shuffled.decode().replace(finess(10_000), "1")
    (row,) = read_establishments(text.encode()).rows
    assert (row.finess, row.town) == (SAE["finess_et"], "BOURG EN BRESSE")
