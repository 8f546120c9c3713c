"""Published lists of certified companies: columns guessed, cells read the ways people write them, faults named."""
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from catalog.certifications.rules.lists import (
    BadRow,
    Held,
    ListedRow,
    check_mapping,
    company_key,
    contradiction,
    fold,
    guess_mapping,
    place_key,
    read_list,
    same_certificate,
)
from catalog.certifications.rules.places import ListedSite
from catalog.certifications.rules.states import Scheme
from marketplace.platform.errors import RuleBroken
from tests.rules.test_certificates import EXPERTCYBER, HDS, ISO

LISTED_ON = date(2026, 11, 1)
TITLES = ["Hébergeur", "N° SIREN", "Activités certifiées", "Référentiel", "Date de fin de validité"]
MAPPING = {"name": 0, "siren": 1, "activities": 2, "version": 3, "valid_until": 4}


def read(*cells: str, scheme: Scheme = HDS, version: str | None = None) -> ListedRow | BadRow:
    (row,) = read_list([TITLES, list(cells)], MAPPING, scheme, version=version, listed_on=LISTED_ON)
    return row


def faults(row: ListedRow | BadRow) -> list[str]:
    assert isinstance(row, BadRow)
    return [fault.code for fault in row.faults]


def test_columns_are_guessed_from_their_titles_each_once() -> None:
    assert guess_mapping(TITLES) == MAPPING
    assert guess_mapping(["Société", "Société", "Fin"]) == {"name": 0, "valid_until": 2}
    assert guess_mapping(["x", ""]) == {}


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"valid_until": 0}, "list_without_company"),
        ({"name": 0}, "list_without_end"),
        ({"name": 0, "valid_until": 0}, "list_column_twice"),
        ({"name": 0, "valid_until": 9}, "list_column_unknown"),
        ({"name": 0, "valid_until": 1, "colour": 2}, "list_column_unknown"),
    ],
)
def test_a_mapping_says_who_holds_what_until_when(mapping: dict[str, int], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_mapping(mapping, 5)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("1, 2 et 5", {1, 2, 5}), ("1-4", {1, 2, 3, 4}), ("1 à 6", {1, 2, 3, 4, 5, 6}), ("Activité 3 / activité 4", {3, 4}),
        ("Infrastructure", {1, 2}), ("Infogéreur", {3, 4, 5, 6}),
        ("Hébergeur infrastructure ; hébergeur infogéreur", {1, 2, 3, 4, 5, 6}),
    ],
)  # fmt: skip
def test_activities_are_read_as_numbers_ranges_and_labels(cell: str, numbers: set[int]) -> None:
    row = read("Bastion", "732 829 320", cell, "v2", "31/12/2027")
    assert isinstance(row, ListedRow)
    assert (row.activities, row.siren) == (numbers, "732829320")


@pytest.mark.parametrize("cell", ["31/12/2027", "2027-12-31", "31.12.2027", "31-12-2027", "2027-12-31T00:00:00"])
def test_a_day_is_read_as_people_and_spreadsheets_write_it(cell: str) -> None:
    row = read("Bastion", "", "1", "HDS 2", cell)
    assert isinstance(row, ListedRow)
    assert (row.valid_from, row.valid_until, row.version) == (LISTED_ON, date(2027, 12, 31), "v2")


def test_every_cell_that_cannot_be_read_is_named() -> None:
    assert faults(read("", "", "sept", "v9", "bientôt")) == [
        "list_company_missing", "list_not_a_date", "list_activity_unread", "list_version_unread",
    ]  # fmt: skip
    assert faults(read("Bastion", "", "7", "v2", "31/02/2027")) == ["list_not_a_date", "list_activity_unread"]
    assert faults(read("Bastion", "", "1", "", "31/12/2027")) == ["list_version_unread"]
    named = read("Bastion", "", "1", "", "31/12/2027", version="v2")
    assert isinstance(named, ListedRow) and named.version == "v2"


def test_a_scheme_without_activities_nor_versions_asks_for_neither_and_empty_lines_are_left_out() -> None:
    rows = read_list(
        [["Nom", "Fin"], ["", " "], ["Bastion", "31/12/2027"]], {"name": 0, "valid_until": 1}, EXPERTCYBER,
        version=None, listed_on=LISTED_ON,
    )  # fmt: skip
    assert [(row.line, row.name) for row in rows] == [(3, "Bastion")]
    iso = read("Bastion", "", "", "2022", "31/12/2027", scheme=ISO)
    assert isinstance(iso, ListedRow) and iso.version == "2022"


def test_two_spellings_of_a_company_share_a_key() -> None:
    assert company_key("Éclair Santé S.A.S.") != company_key("Éclair")
    assert company_key("ÉCLAIR SANTÉ SAS") == company_key("Éclair-Santé")


def listed(**changes: Any) -> ListedRow:
    row = ListedRow(2, "Bastion", "", "H-1", "", "v2", frozenset({1}), LISTED_ON, date(2027, 12, 31), "")
    return replace(row, **changes)


BEGAN = date(2026, 1, 1)
DECLARED = Held("a", "H-1", BEGAN, date(2027, 12, 31), "declared", "v2", frozenset({1}))


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        ([], "added"),
        ([Held("a", "H-2", BEGAN, date(2027, 12, 31), "verified", "v2", frozenset({1}))], "added"),
        ([Held("a", "h 1", BEGAN, date(2027, 12, 31), "verified", "v2", frozenset({1}))], "known"),
        ([Held("a", "H-1", BEGAN, date(2027, 12, 31), "declared", "v2", frozenset({1}))], "verified"),
        ([Held("a", "", BEGAN, date(2027, 12, 31), "declared", "v2", frozenset({1}))], "verified"),
        ([Held("a", "H-1", BEGAN, date(2028, 12, 31), "verified", "v2", frozenset({1}))], "bad"),
        ([Held("a", "H-1", BEGAN, date(2027, 12, 31), "rejected", "v2", frozenset({1}))], "bad"),
        ([Held("a", "H-1", BEGAN, date(2027, 12, 31), "suspended", "v2", frozenset({1}))], "bad"),
    ],
)
def test_what_a_row_becomes_depends_on_what_is_known_already(held: list[Held], outcome: str) -> None:
    decided, known = same_certificate(listed(), held)
    assert decided == outcome
    if decided == "bad" and known is not None:
        assert contradiction(listed(), known).code in ("list_end_differs", "list_state_differs")


@pytest.mark.parametrize(("version", "activities"), [("v1", {1}), ("v2", {1, 2})])
def test_a_list_never_verifies_more_than_it_says(version: str, activities: set[int]) -> None:
    declared = replace(DECLARED, version=version, activities=frozenset(activities))
    decided, known = same_certificate(listed(), [declared])
    assert decided == "bad" and known == declared
    assert contradiction(listed(), declared).code == "list_covers_less"


@pytest.mark.parametrize(
    ("days", "outcome"), [(-1, "bad"), (0, "verified"), (1, "verified")]
)
def test_a_list_verifies_no_day_before_the_start_it_gives(days: int, outcome: str) -> None:
    declared = replace(DECLARED, valid_from=LISTED_ON + timedelta(days=days))
    assert same_certificate(listed(says_start=True), [declared]) == (outcome, declared)
    assert same_certificate(listed(says_start=False), [declared]) == ("verified", declared)


@pytest.mark.parametrize(("cell", "said"), [("01/12/2026", (date(2026, 12, 1), True)), ("", (LISTED_ON, False))])
def test_a_row_says_whether_its_start_was_read(cell: str, said: tuple[date, bool]) -> None:
    mapping = {"name": 0, "valid_until": 1, "valid_from": 2}
    (row,) = read_list([["", "", ""], ["B", "31/12/2027", cell]], mapping, EXPERTCYBER, version=None, listed_on=LISTED_ON)
    assert isinstance(row, ListedRow) and (row.valid_from, row.says_start) == said


@pytest.mark.parametrize(
    ("place", "outcome"),
    [
        (("DC1", "Hafen 3, Hamburg", "DE"), "verified"), (("dc1", "HAFEN 3 - Hamburg", "DE"), "verified"),
        (("DC1", "2 rue des Bois, Lille", "DE"), "bad"), (("DC1", "Hafen 3, Hamburg", "FR"), "bad"),
        (("DC2", "Hafen 3, Hamburg", "DE"), "bad"), (None, "bad"),
    ],
)  # fmt: skip
def test_a_declared_site_is_verified_by_a_list_that_names_this_very_place(
    place: tuple[str, str, str] | None, outcome: str
) -> None:
    declared = replace(DECLARED, sites=frozenset({place_key("DC1", "Hafen 3, Hamburg", "DE")}))
    row = listed(sites=(ListedSite(*place),) if place else None)
    assert same_certificate(row, [declared]) == (outcome, declared)


def test_letters_of_another_alphabet_tell_two_places_apart() -> None:
    assert place_key("Αθήνα", "Οδός 1", "GR") != place_key("Πάτρα", "Λεωφόρος 1", "GR")
    assert (fold("ΑΘΉΝΑ 1"), fold("N° d'Évry_2")) == (fold("Αθήνα, 1"), "n d evry 2")
