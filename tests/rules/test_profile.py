"""Profile, search words, territory, and who may be in a private grappe."""
from datetime import date
from decimal import Decimal

import pytest

from marketplace.establishments import legal_statuses, rules, territory
from marketplace.platform.errors import BadInput

BAND = rules.Band("mco_stays", 3000, 7000)


@pytest.mark.parametrize(
    ("staff", "band"),
    [
        (None, None), (Decimal("0.5"), "under_50"), (Decimal("49.99"), "under_50"), (Decimal(50), "50_249"),
        (Decimal("249.99"), "50_249"), (Decimal(250), "250_plus"), (8000, "250_plus"),
    ],
)  # fmt: skip
def test_size_bands_follow_nis_2(staff: Decimal | None, band: str | None) -> None:
    assert rules.size_band(staff) == band


@pytest.mark.parametrize(("figure", "level"), [(0, "low"), (2999, "low"), (3000, "medium"), (7000, "high")])
def test_activity_level_follows_the_band_of_the_type(figure: int, level: str) -> None:
    assert rules.activity_level(figure, BAND) == level


def test_without_a_figure_or_a_band_the_level_is_unknown() -> None:
    assert rules.activity_level(None, BAND) is None
    assert rules.activity_level(10, None) is None


@pytest.mark.parametrize("band", [rules.Band("staff", 1, 2), rules.Band("mco_stays", 0, 2), rules.Band("smr_beds", 5, 5)])
def test_a_band_needs_a_known_measure_and_thresholds_in_order(band: rules.Band) -> None:
    with pytest.raises(BadInput):
        rules.check_band(band)


def test_estate_figures_are_empty_or_plausible() -> None:
    rules.check_estate({"endpoints": None, "servers": 0, "vms_count": rules.LARGEST_FIGURE})
    with pytest.raises(BadInput) as refused:
        rules.check_estate({"endpoints": -1, "servers": rules.LARGEST_FIGURE + 1, "staff": 5})
    assert set(refused.value.errors) == {"endpoints", "servers"}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hôpital Saint-Étienne", "hopital saint etienne"),
        ("HOPITAL ST ETIENNE", "hopital saint etienne"),
        ("Sacré-Cœur  (S.S.R.)", "sacre coeur s s r"),
        ("L'Haÿ-les-Roses", "l hay les roses"),
        ("STE MARIE", "sainte marie"),
        ("%_\\", ""),
    ],
)
def test_names_are_searched_without_accents_case_or_punctuation(text: str, folded: str) -> None:
    assert rules.fold(text) == folded


@pytest.mark.parametrize("status", ["60", "61", "63", "65", "89", "70", "73", "95"])
def test_private_operators_may_be_in_a_grappe_medico_social_ones_too(status: str) -> None:
    assert rules.grappe_eligibility(None, status) is None


def test_a_public_establishment_gets_a_neutral_refusal() -> None:
    refusal = rules.grappe_eligibility("public", "13")
    assert refusal is not None and refusal.code == "public_establishment"
    assert "groupement de commandes" in refusal.in_french()


def test_the_legal_status_decides_before_the_sector() -> None:
    assert rules.grappe_eligibility("public", "60") is None
    assert rules.grappe_eligibility("private_nonprofit", "13") is not None
    assert rules.grappe_eligibility("private_for_profit", "90") is None


def test_what_is_not_known_is_not_guessed() -> None:
    refusal = rules.grappe_eligibility(None, None)
    assert refusal is not None and refusal.code == "legal_status_unknown"


def test_a_closed_site_joins_nothing_but_one_that_will_close_still_may() -> None:
    today = date(2027, 6, 12)
    assert rules.is_closed(today, today)
    assert not rules.is_closed(date(2027, 6, 13), today)
    assert not rules.is_closed(None, today)
    refusal = rules.grappe_eligibility("private_nonprofit", "60", is_closed=True)
    assert refusal is not None and refusal.code == "establishment_closed"


def test_every_legal_status_has_a_sector_or_says_that_it_has_none() -> None:
    unknown = [code for code, (_label, sector) in legal_statuses.LEGAL_STATUSES.items() if sector is None]
    assert unknown == ["90"]
    assert {sector for _l, sector in legal_statuses.LEGAL_STATUSES.values()} == {*legal_statuses.SECTORS, None}


def test_there_are_18_regions_and_101_departements() -> None:
    assert len(territory.REGIONS) == 18
    assert len(territory.DEPARTMENTS) - len(territory.COLLECTIVITIES) == 101
    assert all(territory.region_name(territory.region_of(code)) for code in territory.DEPARTMENTS)


@pytest.mark.parametrize(
    ("insee", "department"),
    [("01053", "01"), ("2A004", "2A"), ("97411", "974"), ("97801", "978"), ("98818", "988"), ("99100", None)],
)
def test_an_insee_code_tells_its_departement(insee: str, department: str | None) -> None:
    assert territory.department_of_insee(insee) == department


@pytest.mark.parametrize(
    ("postcode", "department"),
    [("01440", "01"), ("20090", "2A"), ("20137", "2A"), ("20200", "2B"), ("20600", "2B"), ("97133", "977"),
     ("97150", "978"), ("97300", "973"), ("98600", "986"), ("1440", None), ("99999", None), ("²0000", None)],
)  # fmt: skip
def test_a_postcode_tells_its_departement(postcode: str, department: str | None) -> None:
    assert territory.department_of_postcode(postcode) == department


@pytest.mark.parametrize(
    ("code", "postcode", "department"),
    [("01", "01440", "01"), ("1", "01440", "01"), ("2A", "20000", "2A"), ("9A", "97110", "971"), ("9A", "97150", "978"),
     ("9A", "97133", "977"), ("9D", "97829", "974"), ("9F", "97600", "976"), ("9J", "98600", "986"), ("", "", None)],
)  # fmt: skip
def test_the_letters_of_a_finess_file_become_departements(code: str, postcode: str, department: str | None) -> None:
    assert territory.department_of_finess_code(code, postcode) == department


@pytest.mark.parametrize(
    ("code", "commune", "insee"),
    [("01", "451", "01451"), ("1", "53", "01053"), ("9D", "411", "97411"), ("2A", "4", "2A004"), ("9J", "613", None)],
)
def test_a_finess_file_gives_the_insee_code_of_the_commune(code: str, commune: str, insee: str | None) -> None:
    assert territory.insee_code_of_finess(code, commune) == insee
