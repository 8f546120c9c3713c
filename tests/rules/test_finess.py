"""FINESS, SIREN and SIRET: what passes, what does not, and what is said of it."""
import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.establishments import identifiers as ids

DIGITS = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize("finess", ["010000024", "750712184", "2A0000014", "2B0000020", "970403119"])
def test_published_numbers_pass(finess: str) -> None:
    assert ids.finess_problem(finess) is None


def test_every_number_of_the_published_files_passes(shared: Path) -> None:
    for name in ("etablissements_sante_sae2023.csv", "finess_2026_sample.csv"):
        with (shared / "data" / name).open(encoding="utf-8-sig") as lines:
            for line in csv.DictReader(lines, delimiter=";"):
                for finess in (line["finess_et"], line["finess_ej"]):
                    assert ids.finess_problem(finess) is None, finess


@pytest.mark.parametrize("finess", ["", "10000024", "0100000244", "01000002A", "A10000024", "01 000024", "٠10000024"])
def test_a_number_of_another_shape_is_malformed(finess: str) -> None:
    problem = ids.finess_problem(finess)
    assert problem is not None and problem.code == "finess_malformed"


@given(DIGITS)
def test_exactly_one_key_fits_each_number(body: str) -> None:
    assert sum(ids.has_finess_key(body + key) for key in "0123456789") == 1


@given(DIGITS, st.integers(0, 7))
def test_one_wrong_digit_is_always_seen(body: str, place: int) -> None:
    right = next(body + key for key in "0123456789" if ids.has_finess_key(body + key))
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
    assert not ids.has_finess_key(wrong)


def test_corsica_counts_a_as_1_and_b_as_2() -> None:
    assert ids.has_finess_key("2A0000014") == ids.has_finess_key("210000014")
    assert ids.has_finess_key("2B0000020") == ids.has_finess_key("220000020")


def test_another_letter_has_no_known_key() -> None:
    assert all(not ids.has_finess_key(f"2C000001{key}") for key in range(10))


def test_the_operator_may_accept_a_wrong_key_but_not_a_wrong_shape() -> None:
    refused = ids.finess_problem("010000025")
    assert refused is not None and refused.code == "finess_key_wrong"
    assert "010000025" in refused.in_french()
    assert ids.finess_problem("010000025", accepted={"010000025"}) is None
    assert ids.finess_problem("01000002", accepted={"01000002"}) is not None


def test_siren_and_siret_are_checked_by_their_keys() -> None:
    assert ids.siren_problem("732829320") is None
    assert ids.siret_problem("73282932000074") is None
    assert ids.siren_problem("732829321").code == "siren_wrong"  # type: ignore[union-attr]
    assert ids.siret_problem("73282932000075").code == "siret_wrong"  # type: ignore[union-attr]
    assert ids.siret_problem("732 829 320 00074") is not None


def test_la_poste_has_its_own_sum() -> None:
    assert ids.siret_problem("35600000049837") is None
