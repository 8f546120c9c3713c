"""A supposed quantity: what it would add, whether it would wait, and that placing it for real adds the same."""
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.rules.placing import Ground, Placed, Wish
from tenders.demand.rules.pool import Contribution
from tenders.demand.rules.what_if import suppose

GROUND = Ground(
    UUID(int=1), "Lot", "endpoint", "month", 36, Decimal("4.10"), True, True, "open", datetime(2027, 6, 1, tzinfo=UTC)
)


def test_joining_changing_and_leaving() -> None:
    joined = suppose(GROUND, None, 300, None, counted=100, maximum=None)
    assert joined.delta == Contribution(firm=300, members=1, shown=1)
    before = Placed(Wish(300, "conditional", tolerance=20), "counted")
    assert suppose(GROUND, before, 400, None, counted=300, maximum=None).delta == Contribution(conditional=100)
    assert suppose(GROUND, before, 0, None, counted=300, maximum=None).delta == -before.contribution
    weaker = suppose(GROUND, before, 300, "indicative", counted=300, maximum=None)
    assert (weaker.delta.counted, weaker.delta.indicative, weaker.placed and weaker.placed.status) == (-300, 300, "not_counted")


def test_beyond_the_maximum_it_would_wait() -> None:
    waiting = suppose(GROUND, None, 60, None, counted=50, maximum=100)
    assert (waiting.delta, waiting.placed and waiting.placed.status) == (Contribution(waitlisted=60), "waitlisted")


def test_a_need_that_awaits_its_signature_is_supposed_signed() -> None:
    before = Placed(Wish(30, "firm"), "awaiting_signature")
    assert suppose(GROUND, before, 30, None, counted=0, maximum=None).delta == Contribution(
        firm=30, awaiting_signature=-30, members=1, shown=1
    )


@given(st.integers(1, 500), st.integers(0, 500), st.sampled_from(["firm", "conditional", "indicative"]), st.integers(0, 50))
def test_the_pool_after_is_the_pool_before_and_the_difference(own: int, asked: int, firmness: str, tolerance: int) -> None:
    status = "not_counted" if firmness == "indicative" else "counted"
    before = Placed(Wish(own, firmness, tolerance=tolerance), status)
    counted = 200 + before.contribution.counted
    found = suppose(GROUND, before, asked, None, counted=counted, maximum=700)
    after = found.placed.contribution if found.placed else Contribution()
    assert before.contribution + found.delta == after
    assert counted + found.delta.counted <= max(700, counted)
