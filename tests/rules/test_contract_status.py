"""The status of a contract follows from its dates, and its envelope stops at the maximum."""
from datetime import date, datetime
from decimal import Decimal

import pytest

from catalog.offers.rules import Bracket, PriceGrid
from marketplace.platform.errors import RuleBroken
from tenders.contracts.rules.counting import check_call_off
from tenders.contracts.rules.frozen_prices import freeze, thaw
from tenders.contracts.status import DATES, status_of

TODAY = date(2028, 6, 15)
AT = datetime(2028, 1, 1)
RUNNING = dict.fromkeys(DATES) | {
    "starts_on": date(2028, 1, 1), "ends_on": date(2030, 12, 31), "activated_at": AT,
}  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ({}, "active"),
        ({"activated_at": None}, "concluded"),
        ({"activated_at": None, "lapsed_at": AT}, "lapsed"),
        ({"starts_on": date(2028, 6, 16)}, "upcoming"),
        ({"starts_on": TODAY}, "active"),
        ({"ends_on": TODAY}, "active"),
        ({"ends_on": date(2028, 6, 14)}, "ended"),
        ({"activated_at": None, "ends_on": date(2028, 6, 14)}, "ended"),
        ({"suspended_from": TODAY}, "suspended"),
        ({"suspended_from": date(2028, 6, 16)}, "active"),
        ({"suspended_from": date(2028, 6, 1), "suspended_until": TODAY}, "suspended"),
        ({"suspended_from": date(2028, 6, 1), "suspended_until": date(2028, 6, 14)}, "active"),
        ({"terminated_on": TODAY}, "terminated"),
        ({"terminated_on": date(2028, 6, 16)}, "active"),
        ({"terminated_on": TODAY, "ends_on": date(2028, 6, 14)}, "terminated"),
    ],
)
def test_status(dates, status):
    assert status_of(RUNNING | dates, TODAY) == status


def test_a_frozen_grid_thaws_to_the_same():
    brackets = (Bracket(1, 499, Decimal("6.00")), Bracket(500, None, Decimal("4.1050")))
    grid = PriceGrid("incremental", brackets, Decimal("1200.00"), {"84": Decimal("0.15")})
    assert thaw("incremental", freeze(grid), Decimal("1200.00"), {"84": "0.15"}) == grid


def test_the_envelope_stops_hard_and_zero_is_nothing():
    check_call_off(None, None, Decimal(0), 10**9, Decimal(1))
    check_call_off(5, None, Decimal(0), 5, Decimal(1))
    check_call_off(-3, Decimal(0), Decimal(9), -2, Decimal(-1))
    for remaining in (4, 0):
        with pytest.raises(RuleBroken) as broken:
            check_call_off(remaining, None, Decimal(0), 5, Decimal(1))
        assert (broken.value.code, broken.value.details["available"]) == ("envelope_exhausted", remaining)


def test_the_maximum_in_euros_counts_the_total():
    check_call_off(None, Decimal(100), Decimal(60), 1, Decimal(40))
    with pytest.raises(RuleBroken) as broken:
        check_call_off(None, Decimal(100), Decimal(60), 1, Decimal("40.01"))
    assert (broken.value.code, broken.value.details["available"]) == ("envelope_amount_exhausted", Decimal(40))
