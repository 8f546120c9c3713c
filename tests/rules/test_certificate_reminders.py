"""When a certificate's end is told: at 90, 30, 7 and 0 days, once each, the nearest alone after a pause."""
from dataclasses import replace
from datetime import date, timedelta

import pytest

from catalog.certifications.rules.reminding import is_renewed, reminder
from catalog.certifications.rules.states import HeldCertificate

END = date(2027, 11, 30)
HELD = HeldCertificate("a", "hds", date(2025, 1, 1), END, activities=frozenset({1, 2}), verified_on=date(2025, 1, 2))


@pytest.mark.parametrize(
    ("left", "done", "thresholds"),
    [
        (91, (), None), (90, (), (90,)), (89, (90,), None), (31, (90,), None), (30, (90,), (30,)), (7, (90, 30), (7,)),
        (1, (90, 30, 7), None), (0, (90, 30, 7), (0,)), (0, (90, 30, 7, 0), None), (-1, (90, 30, 7, 0), None),
        (5, (), (90, 30, 7)), (5, (90,), (30, 7)), (-3, (90,), (30, 7, 0)), (-30, (), (90, 30, 7, 0)), (-31, (), None),
    ],
)  # fmt: skip
def test_each_threshold_is_told_once_and_a_pause_costs_one_mail(
    left: int, done: tuple[int, ...], thresholds: tuple[int, ...] | None
) -> None:
    found = reminder(END, END - timedelta(days=left), done)
    assert (found and found.thresholds) == thresholds
    assert found is None or found.days_left == left


@pytest.mark.parametrize(
    ("changes", "renewed"),
    [
        ({}, True), ({"valid_from": END + timedelta(days=2)}, False), ({"activities": frozenset({1})}, False),
        ({"activities": frozenset({1, 2, 3})}, True), ({"verified_on": None}, False), ({"holder": "b"}, False),
        ({"scheme": "iso27001"}, False), ({"valid_until": END}, False),
    ],
)  # fmt: skip
def test_a_verified_renewal_without_a_hole_makes_reminders_needless(changes: dict[str, object], renewed: bool) -> None:
    today = END - timedelta(days=20)
    begins, ends = END + timedelta(days=1), END + timedelta(days=900)
    following = replace(replace(HELD, valid_from=begins, valid_until=ends, verified_on=today), **changes)
    assert is_renewed(HELD, [HELD, following], today) is renewed
