"""Certificates: states on a day, what may be declared and decided, and the version windows on their boundary days."""
from dataclasses import replace
from datetime import date

import pytest

from catalog.certifications.rules.declaration import Declared, check_decision, check_declaration
from catalog.certifications.rules.states import HeldCertificate, Scheme, Version, state_on
from marketplace.platform.errors import RuleBroken

ISO_2013 = Version("2013", None, date(2025, 10, 31))
ISO_2022 = Version("2022", date(2022, 10, 25))
ISO = Scheme("iso27001", "ISO/IEC 27001", 36, {"2013": ISO_2013, "2022": ISO_2022}, {})
HDS = Scheme(
    "hds", "HDS", 36, {"v1": Version("v1", None, date(2026, 5, 16)), "v2": Version("v2", date(2024, 11, 17))},
    {n: f"activité {n}" for n in range(1, 7)}, "iso27001",
)  # fmt: skip
EXPERTCYBER = Scheme("expertcyber", "Label ExpertCyber", 24, {}, {})
HELD = HeldCertificate("prime", "iso27001", date(2025, 1, 1), date(2027, 12, 31), ISO_2022)
DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "declared"),
        ({"verified_on": DAY}, "verified"),
        ({"verified_on": date(2026, 6, 2)}, "declared"),
        ({"verified_on": DAY, "suspended_on": DAY}, "suspended"),
        ({"verified_on": DAY, "withdrawn_on": DAY}, "withdrawn"),
        ({"rejected_on": DAY}, "rejected"),
        ({"verified_on": DAY, "valid_until": date(2026, 5, 31)}, "expired"),
        ({"verified_on": DAY, "valid_until": DAY}, "verified"),
        ({"valid_until": date(2026, 5, 31)}, "expired"),
        ({"verified_on": DAY, "suspended_on": DAY, "valid_until": date(2026, 5, 31)}, "expired"),
        ({"rejected_on": DAY, "valid_until": date(2026, 5, 31)}, "rejected"),
        ({"verified_on": DAY, "withdrawn_on": DAY, "valid_until": date(2026, 5, 31)}, "withdrawn"),
    ],
)
def test_the_state_of_a_certificate_follows_from_its_dated_facts(facts: dict, state: str) -> None:
    assert state_on(replace(HELD, **facts), DAY) == state


def test_the_state_of_a_past_day_is_what_it_was_then() -> None:
    held = replace(HELD, verified_on=date(2025, 3, 1), withdrawn_on=date(2026, 2, 1))
    assert [state_on(held, day) for day in (date(2025, 2, 1), date(2025, 3, 1), date(2026, 2, 1))] == [
        "declared", "verified", "withdrawn",
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "state"), [(date(2025, 10, 31), "verified"), (date(2025, 11, 1), "expired")])
def test_iso_27001_2013_is_worth_nothing_after_the_31st_of_october_2025(day: date, state: str) -> None:
    held = replace(HELD, version=ISO_2013, verified_on=date(2025, 1, 1))
    assert state_on(held, day) == state


@pytest.mark.parametrize(("day", "state"), [(date(2026, 5, 16), "verified"), (date(2026, 5, 17), "expired")])
def test_hds_v1_is_worth_nothing_after_the_16th_of_may_2026(day: date, state: str) -> None:
    held = replace(HELD, scheme="hds", version=HDS.versions["v1"], verified_on=date(2025, 1, 1))
    assert state_on(held, day) == state


def declared(**changes: object) -> Declared:
    base = Declared("2022", (), date(2026, 1, 1), date(2028, 12, 31))
    return replace(base, **changes)


def test_a_plain_certificate_is_accepted() -> None:
    check_declaration(ISO, declared())
    check_declaration(HDS, declared(version="v2", activities=(1, 2)))
    check_declaration(EXPERTCYBER, declared(version=None, valid_until=date(2028, 1, 1)))


@pytest.mark.parametrize(
    ("scheme", "changes", "code"),
    [
        (ISO, {"valid_until": date(2026, 1, 1)}, "certificate_ends_before_it_starts"),
        (ISO, {"valid_until": date(2029, 1, 2)}, "certificate_too_long"),
        (EXPERTCYBER, {"version": None}, "certificate_too_long"),
        (ISO, {"version": "2005"}, "certificate_version_unknown"),
        (ISO, {"version": None}, "certificate_version_unknown"),
        (EXPERTCYBER, {"version": "v9", "valid_until": date(2027, 1, 1)}, "certificate_version_unknown"),
        (
            ISO,
            {"version": "2013", "valid_from": date(2025, 11, 1), "valid_until": date(2028, 1, 1)},
            "certificate_after_its_version",
        ),
        (HDS, {"version": "v2", "activities": (7,)}, "certificate_activity_unknown"),
        (HDS, {"version": "v2"}, "certificate_without_activity"),
        (
            HDS,
            {"version": "v2", "activities": (1,), "valid_from": date(2024, 11, 16), "valid_until": date(2027, 1, 1)},
            "certificate_before_its_version",
        ),
    ],
)
def test_what_can_never_be_a_certificate_is_refused(scheme: Scheme, changes: dict, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_declaration(scheme, declared(**changes))
    assert refused.value.code == code


def test_boundary_days_of_versions_are_accepted() -> None:
    check_declaration(HDS, declared(version="v2", activities=(1,), valid_from=date(2024, 11, 17), valid_until=date(2027, 1, 1)))
    check_declaration(ISO, declared(version="2013", valid_from=date(2025, 10, 31), valid_until=date(2028, 1, 1)))


@pytest.mark.parametrize(
    ("decision", "state", "reason", "code"),
    [
        ("verify", "declared", None, None),
        ("reject", "declared", "numéro inconnu de l'organisme", None),
        ("suspend", "verified", "audit de surveillance manqué", None),
        ("reinstate", "suspended", None, None),
        ("withdraw", "suspended", "retiré par l'organisme", None),
        ("verify", "expired", None, "certificate_decision_impossible"),
        ("verify", "rejected", None, "certificate_decision_impossible"),
        ("suspend", "declared", "x", "certificate_decision_impossible"),
        ("reject", "declared", "  ", "certificate_reason_missing"),
        ("suspend", "verified", None, "certificate_reason_missing"),
    ],
)
def test_decisions_depend_on_the_state_and_are_explained(
    decision: str, state: str, reason: str | None, code: str | None
) -> None:
    if code is None:
        check_decision(decision, state, reason)
        return
    with pytest.raises(RuleBroken) as refused:
        check_decision(decision, state, reason)
    assert refused.value.code == code
