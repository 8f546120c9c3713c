"""Status of vehicles and lots from their dates."""
from datetime import UTC, date, datetime

import pytest

from tenders.vehicles.status import closed_when_every_lot_is, status_of

TODAY = date(2027, 6, 1)
THEN = datetime(2027, 1, 5, 9, tzinfo=UTC)
LATER = datetime(2027, 3, 5, 9, tzinfo=UTC)


def dates(**changes):
    return {"cancelled_at": None, "opened_at": THEN, "closed_at": None, "ends_on": date(2030, 1, 1), **changes}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "open"),
        ({"opened_at": None}, "draft"),
        ({"closed_at": LATER}, "closed"),
        ({"cancelled_at": LATER}, "cancelled"),
        ({"ends_on": date(2027, 5, 31)}, "ended"),
        ({"ends_on": TODAY}, "open"),
        ({"closed_at": LATER, "ends_on": date(2027, 5, 31)}, "ended"),
        ({"opened_at": None, "ends_on": date(2027, 5, 31)}, "draft"),
        ({"opened_at": None, "cancelled_at": LATER}, "cancelled"),
    ],
)
def test_status_is_the_first_line_of_the_definition_that_holds(changes, status):
    assert status_of(dates(**changes), TODAY) == status


def test_a_vehicle_closes_when_its_last_lot_does():
    assert closed_when_every_lot_is([(THEN, None), (None, LATER)]) == LATER


def test_a_vehicle_with_one_lot_left_open_is_not_closed():
    assert closed_when_every_lot_is([(THEN, None), (None, None)]) is None
    assert closed_when_every_lot_is([]) is None
