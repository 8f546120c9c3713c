"""The certificate table of domain §5 as installed: every scheme, its duration, versions on their boundary days, scopes."""
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from catalog.certifications.queries import list_schemes
from catalog.certifications.rules.coverage import Period, Requirement, coverage
from catalog.certifications.rules.states import HeldCertificate, Scheme

PRIME = uuid4()
ROWS = (
    # scheme, months, versions, numbered activities or scopes
    ("iso27001", 36, {"2013", "2022"}, set()),
    ("hds", 36, {"v1", "v2"}, {1, 2, 3, 4, 5, 6}),
    ("passi", 36, set(), {1, 2, 3, 4, 5}),
    ("pdis", 36, set(), set()),
    ("pris", 36, set(), set()),
    ("pams", 36, set(), set()),
    ("pacs", 36, set(), set()),
    ("secnumcloud", 36, set(), set()),
    ("expertcyber", 24, set(), set()),
)
WINDOWS = (
    # scheme, version, first day it may be used, last day it is worth something
    ("iso27001", "2013", None, date(2025, 10, 31)),
    ("iso27001", "2022", date(2022, 10, 25), None),
    ("hds", "v1", None, date(2026, 5, 16)),
    ("hds", "v2", date(2024, 11, 17), None),
)


@pytest.fixture
def schemes(session: Session) -> dict[str, Scheme]:
    return dict(list_schemes(session, "fr"))


def test_the_table_has_these_rows_and_no_other(schemes: dict[str, Scheme]) -> None:
    assert set(schemes) == {code for code, *_ in ROWS}
    assert {code for code, scheme in schemes.items() if scheme.prerequisite} == {"hds"}
    assert schemes["hds"].prerequisite == "iso27001" and schemes["hds"].names_sites


@pytest.mark.parametrize(("code", "months", "versions", "activities"), ROWS, ids=[row[0] for row in ROWS])
def test_each_row_says_how_long_which_versions_and_which_scopes(
    schemes: dict[str, Scheme], code: str, months: int, versions: set[str], activities: set[int]
) -> None:
    scheme = schemes[code]
    assert scheme.maximum_months == months
    assert versions <= set(scheme.versions) and set(scheme.activities) == activities


def test_passi_alone_has_levels_substantial_below_high(schemes: dict[str, Scheme]) -> None:
    assert {code: dict(scheme.levels) for code, scheme in schemes.items() if scheme.levels} == {
        "passi": {1: "substantiel", 2: "élevé"}
    }


@pytest.mark.parametrize(("code", "version", "first", "last"), WINDOWS)
def test_versions_are_worth_something_inside_their_window_only(
    schemes: dict[str, Scheme], code: str, version: str, first: date | None, last: date | None
) -> None:
    installed = schemes[code].versions[version]
    assert (installed.usable_from, installed.void_after) == (first, last)


@pytest.mark.parametrize("code", [row[0] for row in ROWS if row[0] != "hds"])
def test_every_scheme_covers_a_term_it_outlives_and_names_the_month_it_does_not(
    schemes: dict[str, Scheme], code: str
) -> None:
    today = date(2026, 11, 25)
    scheme = schemes[code]
    version = scheme.versions["2022"] if code == "iso27001" else None
    ends_on = today + timedelta(days=200)
    held = HeldCertificate(
        holder=PRIME, scheme=code, version=version, activities=frozenset(scheme.activities),
        valid_from=today - timedelta(days=100), valid_until=ends_on, verified_on=today - timedelta(days=90),
    )  # fmt: skip
    asked = Requirement(code, frozenset(scheme.activities))
    short, long = Period(today, ends_on), Period(today, today + timedelta(days=700))
    assert coverage(asked, [held], short, schemes, today).until == ends_on
    missing = coverage(asked, [held], long, schemes, today).missing
    assert missing and any("7" in one.in_french() for one in missing), [one.in_french() for one in missing]
