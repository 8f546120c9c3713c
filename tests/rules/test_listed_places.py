"""Cells of published lists: sites and subcontractors read entry by entry, nothing guessed, every fault named."""
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import siren as siren_number

from catalog.certifications.rules.places import ListedPartner, ListedSite, read_partners, read_sites
from marketplace.platform.errors import Sentence
from marketplace.platform.i18n import sentence

COUNTRIES = {"fr": "FR", "france": "FR", "be": "BE", "belgique": "BE", "belgium": "BE", "us": "US"}


def test_sites_are_read_with_their_address_and_country() -> None:
    faults: list[Sentence] = []
    cell = "Nord 1, 12 rue des Bois, 59000 Lille (France) | Namur, Quai 4 (BELGIUM);\nParis, 1 rue (a) (fr)"
    assert read_sites(cell, COUNTRIES, faults) == (
        ListedSite("Nord 1", "12 rue des Bois, 59000 Lille", "FR"), ListedSite("Namur", "Quai 4", "BE"),
        ListedSite("Paris", "1 rue (a)", "FR"),
    )  # fmt: skip
    assert read_sites("  ", COUNTRIES, faults) is None
    assert faults == []


@pytest.mark.parametrize("cell", ["Lille", "Lille (France)", "Lille, 1 rue", "Lille, 1 rue (Atlantide)", "Lille, 1 rue ()"])
def test_a_site_without_address_or_known_country_is_a_fault_that_names_it(cell: str) -> None:
    faults: list[Sentence] = []
    read_sites(cell, COUNTRIES, faults)
    assert [fault.code for fault in faults] == ["list_site_unread"]
    assert cell in sentence(faults[0])


def test_subcontractors_are_french_with_a_siren_or_of_another_country() -> None:
    faults: list[Sentence] = []
    read = read_partners("Nuage (732 829 320) | Wolk (Belgique)", COUNTRIES, faults)
    assert (read, faults) == ((ListedPartner("Nuage", "FR", "732829320"), ListedPartner("Wolk", "BE")), [])


@pytest.mark.parametrize("cell", ["Nuage", "Nuage (France)", "Nuage (732829321)", "Nuage (Atlantide)", "(Belgique)"])
def test_a_subcontractor_that_cannot_be_told_is_a_fault(cell: str) -> None:
    faults: list[Sentence] = []
    assert read_partners(cell, COUNTRIES, faults) == ()
    assert [fault.code for fault in faults] == ["list_subcontractor_unread"]


@given(st.from_regex(r"[0-9]{8,10}", fullmatch=True))
def test_digits_make_a_french_subcontractor_only_when_they_are_a_siren(digits: str) -> None:
    faults: list[Sentence] = []
    read = read_partners(f"Nuage ({digits})", COUNTRIES, faults)
    expected = (ListedPartner("Nuage", "FR", digits),) if siren_number.is_valid(digits) else ()
    assert (read, bool(faults)) == (expected, not expected)


@given(st.text(max_size=80))
def test_no_cell_breaks_the_reading(cell: str) -> None:
    faults: list[Sentence] = []
    sites = read_sites(cell, COUNTRIES, faults) or ()
    partners = read_partners(cell, COUNTRIES, faults)
    assert all(site.name and site.address and site.country for site in sites)
    assert all(partner.name and partner.country for partner in partners)
