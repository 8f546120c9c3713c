"""Whatever people do at the same moment, a pool's totals are the sum of its needs: a state machine on real connections.

Each step sends several acts at once (place, change, withdraw, sign, close, join late), each on its own connection; then
everybody is gone and the books must agree, whoever was refused.
"""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.errors import DomainError
from marketplace.platform.permissions import SYSTEM
from tenders.demand.envelopes.queries import get_envelope, list_ledger_differences
from tenders.demand.joining.services import join_late
from tenders.demand.models import Closing, LotTotals, Need
from tenders.demand.queries import list_differences
from tenders.demand.rules.placing import Wish
from tenders.demand.services import close_lot, put_need, sign_need, withdraw_need
from tests.factories.demand import centre_user, clinic, open_pool, vehicle_of
from tests.factories.grappes import grappe_of
from tests.slow.test_lot_races import together

pytestmark = pytest.mark.slow
SITES, MAXIMUM = 5, 300
PLACES = st.integers(0, SITES - 1)
WISHES = st.builds(
    lambda quantity, kind, tolerance, pooled, grouped: (quantity, kind, tolerance, pooled, grouped),
    st.integers(1, 160), st.sampled_from(["firm", "conditional", "indicative"]), st.integers(0, 9), st.integers(1, 250),
    st.booleans(),
)  # fmt: skip
ACTS = st.one_of(
    st.tuples(st.just("put"), PLACES, WISHES), st.tuples(st.just("withdraw"), PLACES, st.none()),
    st.tuples(st.just("sign"), PLACES, st.none()), st.tuples(st.sampled_from(["close", "due"]), st.just(0), st.none()),
    st.tuples(st.just("join"), PLACES, st.integers(1, 120)),
)  # fmt: skip


class World:
    """Clinics of which some share a grappe, and one open lot at a time that may be joined after its closing."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app, self.session = app, session
        self.lot: Any = None

    def new_lot(self) -> None:
        """Everybody and everything anew: what the run before left behind stays out of the way."""
        self.people = [clinic() for _ in range(SITES)]
        self.grappe = grappe_of(*(site for site, _ in self.people[:3]))
        vehicle = vehicle_of(opened_at=clock.now(), starts_on=clock.today(), regime="private", allows_late_joining=True)
        self.lot = open_pool(minimum=100, maximum=MAXIMUM, vehicle_id=vehicle.id, minimum_policy=["extend", "release"])
        self.centre = get_actor(self.session, centre_user(self.lot).id)

    def act(self, kind: str, place: int, what: Any) -> Callable[[], Any]:
        """The act as a thread runs it."""
        site, actor = self.people[place]
        lot_id = self.lot.id
        if kind == "put":
            quantity, firmness, tolerance, pooled, grouped = what
            asked = pooled if firmness == "conditional" else None
            through = self.grappe.id if grouped and place < 3 else None
            wish = Wish(quantity, firmness, through, tolerance, asked)
            return lambda: put_need(actor, lot_id, site.id, wish, accept_waitlist=bool(quantity % 2))
        if kind == "withdraw":
            return lambda: withdraw_need(actor, lot_id, site.id)
        if kind == "sign":
            return lambda: sign_need(actor, lot_id, site.id)
        if kind == "join":
            return lambda: join_late(actor, lot_id, site.id, quantity=what)
        return self.close_at_its_date if kind == "due" else lambda: close_lot(self.centre, lot_id, reason="Essai")

    def close_at_its_date(self) -> Any:
        """What the scheduler does when the date has come, an extended one included."""
        with clock.frozen_at(self.lot.needs_close_at + timedelta(days=20)):
            return close_lot(SYSTEM, self.lot.id)

    def check(self) -> None:
        """Totals, claims and ledger against the needs themselves; never over the maximum, never below nothing."""
        session, lot_id = self.session, self.lot.id
        session.rollback()
        session.expire_all()
        totals = session.get_one(LotTotals, lot_id)
        counted = (Need.lot_id == lot_id, Need.status == "counted")
        sums = session.execute(
            select(func.coalesce(func.sum(Need.quantity), 0), func.coalesce(func.sum(Need.tolerance), 0), func.count())
            .where(*counted)
        ).one()
        assert (totals.firm + totals.conditional, totals.tolerance, totals.members) == tuple(map(int, sums))
        assert totals.firm + totals.conditional <= MAXIMUM
        assert list_differences(session) == [] and list_ledger_differences(session) == []
        ordered = session.scalar(select(func.coalesce(func.sum(Need.ordered_quantity), 0)).where(*counted))
        decided = session.scalar(select(func.count()).select_from(Closing).where(Closing.lot_id == lot_id))
        assert get_envelope(session, lot_id).balance.engaged == ordered <= MAXIMUM
        assert decided <= 2


def test_totals_are_the_sum_of_needs_under_any_interleaving(committed: Session, real_app: Flask) -> None:
    world = World(real_app, committed)

    class Machine(RuleBasedStateMachine):
        """One lot; acts come alone or several at once."""

        @initialize()
        def open(self) -> None:
            """Begin with an empty lot."""
            world.new_lot()

        @rule(acts=st.lists(ACTS, min_size=2, max_size=4))
        def at_once(self, acts: list[tuple[str, int, Any]]) -> None:
            """Several people at the same moment."""
            for result in together(world.app, *(world.act(*act) for act in acts)):
                assert result is None or isinstance(result, DomainError) or hasattr(result, "__dataclass_fields__")

        @rule(act=ACTS)
        def alone(self, act: tuple[str, int, Any]) -> None:
            """One act by itself."""
            together(world.app, world.act(*act))

        @invariant()
        def books_agree(self) -> None:
            """After every step."""
            world.check()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12, stateful_step_count=8, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
