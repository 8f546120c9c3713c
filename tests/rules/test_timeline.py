"""Certificates against what relies on them: bars in per cent of the time shown, gaps where a contract outlasts a scheme."""
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from catalog.certifications.events import RelyingLot
from catalog.certifications.rules.states import HeldCertificate
from tenders.dashboard.timeline import timeline
from tests.rules.test_certificates import ISO_2022

TODAY = date(2027, 5, 1)
NAMES = {"iso27001": "ISO/IEC 27001", "passi": "PASSI"}
HELD = HeldCertificate("prime", "iso27001", date(2026, 1, 1), date(2027, 11, 30), ISO_2022, verified_on=date(2026, 1, 10))
LOT = RelyingLot(UUID(int=1), UUID(int=2), "SOC managé", date(2030, 4, 30))


def test_a_contract_that_outlasts_a_certificate_shows_its_gap_and_the_month_it_begins_after() -> None:
    drawn = timeline([HELD], {"iso27001": [LOT]}, NAMES, TODAY)
    assert drawn is not None
    scheme, lot = drawn.lines
    assert (scheme.kind, scheme.x, scheme.covered_until) == ("scheme", 0, date(2027, 11, 30))
    assert (lot.kind, lot.width, lot.gap_month, lot.months) == ("lot", 100, 7, 36)
    assert lot.gap_x == scheme.width
    assert round(lot.gap_x + lot.gap_width, 6) == 100
    assert [year.year for year in drawn.years] == [2028, 2029, 2030]


def test_a_renewal_that_joins_closes_the_gap_and_a_late_one_does_not() -> None:
    renewal = replace(HELD, valid_from=date(2027, 12, 1), valid_until=date(2030, 11, 30))
    drawn = timeline([HELD, renewal], {"iso27001": [LOT]}, NAMES, TODAY)
    assert drawn is not None and drawn.lines[1].gap_width == 0
    late = timeline([HELD, replace(renewal, valid_from=date(2027, 12, 2))], {"iso27001": [LOT]}, NAMES, TODAY)
    assert late is not None and late.lines[1].covered_until == date(2027, 11, 30) and late.lines[1].gap_width > 0


def test_what_is_not_trusted_or_over_is_not_drawn() -> None:
    over = replace(HELD, valid_until=date(2027, 4, 30))
    for held in (replace(HELD, verified_on=None), replace(HELD, suspended_on=TODAY), over):
        assert timeline([held], {"iso27001": [LOT]}, NAMES, TODAY) is None


def test_a_contract_is_told_from_an_open_lot() -> None:
    drawn = timeline([HELD], {"iso27001": [replace(LOT, contract_id=UUID(int=3))]}, NAMES, TODAY)
    assert drawn is not None and drawn.lines[1].kind == "contract"


DAYS = st.integers(1, 4000).map(lambda n: TODAY + timedelta(days=n))


@given(DAYS, st.lists(DAYS, max_size=5))
def test_every_bar_lies_within_the_line(until: date, ends: list[date]) -> None:
    relying = {"iso27001": [replace(LOT, ends_on=end) for end in ends]}
    drawn = timeline([replace(HELD, valid_until=until)], relying, NAMES, TODAY)
    assert drawn is not None
    for line in drawn.lines:
        assert line.x >= 0 and line.width >= 0 and line.x + line.width <= 100.000001
        assert line.gap_x >= 0 and line.gap_width >= 0 and line.gap_x + line.gap_width <= 100.000001
