"""Pools as readers see them, what departures do to them, and that totals equal needs after anything."""
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.accounts.queries import get_actor
from marketplace.grappes.events import GrappeDissolved, LeavingEffects, MembershipEnded, MembershipEnding
from marketplace.platform import clock, events
from marketplace.platform.database import transaction
from marketplace.platform.errors import DomainError, NotFound, RuleBroken
from tenders.demand.models import Need
from tenders.demand.queries import get_pool, list_differences
from tenders.demand.rules.placing import Wish
from tenders.demand.services import put_need, sign_need, withdraw_need
from tenders.vehicles.events import LotCancelled
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.demand import (
    assert_totals_are_true,
    centre_user,
    clinic,
    need_on,
    open_pool,
    placed_on,
    sister,
    totals_of,
)
from tests.factories.grappes import grappe_of
from tests.factories.vehicles import LotFactory


def announce(event: Any) -> None:
    with transaction() as session:
        events.announce(session, event)


def status_of(session: Session, lot: Any, site: Any) -> str:
    return session.get_one(Need, (lot.id, site.id), populate_existing=True).status


def test_a_pool_says_what_is_missing_and_what_tolerances_cover(session: Session) -> None:
    lot = open_pool(minimum=500, maximum=800, order_multiple=100)
    _, actor = need_on(lot, 300)
    need_on(lot, 150, minimum_pool_quantity=400, tolerance=60)
    need_on(lot, 40, firmness="indicative")
    pool = get_pool(session, actor, lot.id)
    assert (pool.firm, pool.conditional, pool.indicative, pool.tolerance, pool.members) == (300, 150, 40, 60, 2)
    assert (pool.missing, pool.covered_by_tolerance, pool.is_met) == (50, 50, True)
    assert (pool.minimum.kind, pool.minimum.value, pool.maximum, pool.available) == ("contractual", 500, 800, 350)


def test_a_draft_has_no_pool(session: Session) -> None:
    with pytest.raises(NotFound):
        get_pool(session, clinic()[1], LotFactory().id)


def test_a_member_sees_its_grappe_and_outsiders_see_it_only_from_three_organisations_up(session: Session) -> None:
    lot = open_pool()
    sites = [clinic() for _ in range(3)]
    large = grappe_of(*(site for site, _ in sites), name="Grande")
    pair = [clinic() for _ in range(2)]
    small = grappe_of(*(site for site, _ in pair), name="Petite")
    alone = [need_on(lot, 1) for _ in range(3)]
    for site, actor in sites:
        placed_on(lot, site, actor, 100, grappe_id=large.id)
    for site, actor in pair:
        placed_on(lot, site, actor, 50, grappe_id=small.id)
    outsider = get_pool(session, alone[0][1], lot.id)
    assert [(row.name, row.firm) for row in outsider.grappes] == [("Grande", 300)]
    assert outsider.masked_grappes == 1
    insider = get_pool(session, pair[0][1], lot.id)
    assert [(row.name, row.firm, row.own) for row in insider.grappes] == [("Grande", 300, False), ("Petite", 100, True)]
    centre = get_pool(session, get_actor(session, centre_user(lot).id), lot.id)
    assert {row.name for row in centre.grappes} == {"Grande", "Petite"}
    assert centre.sees_everything


def test_two_sites_of_one_house_are_one_organisation(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    other, other_actor = clinic()
    twin = sister(site)
    grappe = grappe_of(site, twin, other)
    for place, who in ((site, actor), (twin, actor), (other, other_actor)):
        placed_on(lot, place, who, 10, grappe_id=grappe.id)
    assert get_pool(session, clinic()[1], lot.id).grappes == ()


def test_a_single_small_grappe_cannot_be_told_from_the_total_less_the_others(session: Session) -> None:
    lot = open_pool()
    for size in (3, 4, 1):
        sites = [clinic() for _ in range(size)]
        grappe = grappe_of(*(site for site, _ in sites), *([clinic()[0]] if size == 1 else []), name=f"De {size}")
        for site, actor in sites:
            placed_on(lot, site, actor, 10, grappe_id=grappe.id)
    rows = get_pool(session, clinic()[1], lot.id).grappes
    assert [(row.name, row.firm, row.members) for row in rows] == [("De 4", 40, 4), (None, 40, 4)]


def test_a_provider_sees_the_lots_totals_alone(session: Session) -> None:
    lot = open_pool()
    sites = [clinic() for _ in range(3)]
    grappe = grappe_of(*(site for site, _ in sites))
    for site, actor in sites:
        placed_on(lot, site, actor, 100, grappe_id=grappe.id)
    provider = get_actor(session, user_in(OrganisationFactory(kind="provider"), ("admin",)).id)
    pool = get_pool(session, provider, lot.id)
    assert (pool.firm, pool.grappes) == (300, ())


def test_with_a_minimum_per_grappe_the_gaps_that_one_may_know_add_up(session: Session) -> None:
    lot = open_pool(minimum=100, minimum_scope="grappe")
    (one, one_actor), (two, two_actor) = clinic(), clinic()
    placed_on(lot, one, one_actor, 120, grappe_id=grappe_of(one, clinic()[0]).id)
    placed_on(lot, two, two_actor, 90, grappe_id=grappe_of(two, clinic()[0]).id)
    need_on(lot, 30)
    assert get_pool(session, get_actor(session, centre_user(lot).id), lot.id).missing == 80
    pool = get_pool(session, two_actor, lot.id)
    assert (pool.missing, pool.is_met) == (10, False), "its own: the other grappe is one organisation"
    assert [(row.missing, row.is_met) for row in pool.grappes if row.own] == [(10, False)]


def test_whether_every_grappe_reaches_its_minimum_is_told_to_everybody(session: Session) -> None:
    lot = open_pool(minimum=100, minimum_scope="grappe")
    for quantity in (120, 60):
        site, actor = clinic()
        placed_on(lot, site, actor, quantity, grappe_id=grappe_of(site, clinic()[0]).id)
    provider = get_actor(session, user_in(OrganisationFactory(kind="provider"), ("admin",)).id)
    seen = [get_pool(session, who, lot.id) for who in (provider, actor, get_actor(session, centre_user(lot).id))]
    assert [(pool.missing, pool.is_met) for pool in seen] == [(0, False), (40, False), (40, False)]
    assert (seen[0].grappes, seen[0].masked_grappes) == ((), 0)


def test_a_minimum_that_only_holds_with_conditions_that_fall_is_not_met(session: Session, count_queries: Any) -> None:
    lot = open_pool(minimum=500)
    need_on(lot, 300)
    site, actor = need_on(lot, 250, minimum_pool_quantity=600)
    pool = get_pool(session, actor, lot.id)
    assert (pool.counted, pool.is_met, pool.missing, pool.conditions_open) == (550, False, 50, True)
    placed_on(lot, site, actor, 250, minimum_pool_quantity=550)
    with count_queries() as statements:
        pool = get_pool(session, actor, lot.id)
    assert (pool.is_met, pool.missing, pool.conditions_open) == (True, 0, False)
    assert len(statements) == 1


def test_with_a_minimum_per_grappe_a_condition_looks_at_its_grappe(session: Session) -> None:
    lot = open_pool(minimum=100, minimum_scope="grappe")
    (site, actor), (other, other_actor) = clinic(), clinic()
    grappe = grappe_of(site, other)
    placed_on(lot, site, actor, 80, grappe_id=grappe.id)
    placed_on(lot, other, other_actor, 40, grappe_id=grappe.id, minimum_pool_quantity=150)
    need_on(lot, 200)
    pool = get_pool(session, actor, lot.id)
    assert (pool.is_met, pool.missing, pool.conditions_open) == (False, 20, True)
    assert [(row.is_met, row.missing) for row in pool.grappes if row.own] == [(False, 20)]


def test_a_pool_is_read_in_one_statement_whatever_its_size(session: Session, count_queries: Any) -> None:
    lot = open_pool()
    _, actor = need_on(lot, 1)
    with count_queries() as few:
        get_pool(session, actor, lot.id)
    for _ in range(5):
        need_on(lot, 1)
    with count_queries() as many:
        get_pool(session, actor, lot.id)
    assert len(few) == len(many) == 1


def test_placing_a_need_takes_a_handful_of_statements(session: Session, count_queries: Any) -> None:
    lot = open_pool()
    site, actor = clinic()
    grappe = grappe_of(site, clinic()[0])
    lot_id, site_id, wish = lot.id, site.id, Wish(10, "firm", grappe.id)
    put_need(actor, lot_id, site_id, wish)
    with count_queries() as statements:
        put_need(actor, lot_id, site_id, replace(wish, quantity=11))
    assert len(statements) == 2  # everything it stands on; the pool with the audit and the receipt's outbox row


def test_a_member_that_leaves_takes_its_open_needs_out_and_frees_their_place(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    (site, actor), (other, _) = clinic(), clinic()
    grappe = grappe_of(site, other)
    placed_on(lot, site, actor, 80, grappe_id=grappe.id)
    waiting, waiter = clinic()
    placed_on(lot, waiting, waiter, 50, accept_waitlist=True)
    announce(MembershipEnded(grappe.id, site.id))
    assert status_of(session, lot, site) == "released"
    assert status_of(session, lot, waiting) == "counted"
    assert (totals_of(session, lot.id).firm, totals_of(session, lot.id).waitlisted) == (50, 0)
    told = session.scalars(text("SELECT payload ->> 'template' FROM outbox")).all()
    assert told.count("need_released") == 1
    assert_totals_are_true(session)
    assert placed_on(lot, site, actor, 20).status == "counted"
    assert_totals_are_true(session)


def test_needs_placed_alone_stay_when_a_grappe_ends(session: Session) -> None:
    lot = open_pool()
    (site, actor), (other, other_actor) = clinic(), clinic()
    grappe = grappe_of(site, other)
    placed_on(lot, site, actor, 80, grappe_id=grappe.id)
    placed_on(lot, other, other_actor, 30)
    announce(GrappeDissolved(grappe.id))
    assert (status_of(session, lot, site), status_of(session, lot, other)) == ("released", "counted")
    assert_totals_are_true(session)


def test_a_firm_need_holds_its_member_while_the_charter_says_so(session: Session) -> None:
    lot = open_pool()
    (site, actor), (other, other_actor) = clinic(), clinic()
    grappe = grappe_of(site, other)
    placed_on(lot, site, actor, 80, grappe_id=grappe.id)
    placed_on(lot, other, other_actor, 80, grappe_id=grappe.id, minimum_pool_quantity=1)
    with pytest.raises(RuleBroken) as refusal:
        announce(MembershipEnding(grappe.id, site.id, clock.today(), lock_in=True))
    assert (refusal.value.code, refusal.value.details["lot"]) == ("firm_need_open", lot.title)
    announce(MembershipEnding(grappe.id, site.id, clock.today(), lock_in=False))
    announce(MembershipEnding(grappe.id, other.id, clock.today(), lock_in=True))


def test_before_leaving_one_reads_which_pools_would_shrink(session: Session) -> None:
    lot = open_pool(minimum=5000, maximum=None)
    (site, actor), (other, _) = clinic(), clinic()
    grappe = grappe_of(site, other)
    placed_on(lot, site, actor, 300, grappe_id=grappe.id)
    need_on(lot, 4710)
    (effect,) = events.ask(session, LeavingEffects(grappe.id, site.id))
    assert (effect.before, effect.after, effect.minimum, effect.establishments_told) == (5010, 4710, 5000, 1)
    assert effect.falls_below
    assert events.ask(session, LeavingEffects(grappe.id, other.id)) == []


def test_a_departure_after_the_closing_touches_nothing(session: Session) -> None:
    lot = open_pool()
    (site, actor), (other, _) = clinic(), clinic()
    grappe = grappe_of(site, other)
    placed_on(lot, site, actor, 300, grappe_id=grappe.id)
    closing_day = clock.paris(lot.needs_close_at).date()
    on_the_day = LeavingEffects(grappe.id, site.id, closing_day)
    assert [effect.lot_id for effect in events.ask(session, on_the_day)] == [lot.id]
    assert events.ask(session, LeavingEffects(grappe.id, site.id, closing_day + timedelta(days=1))) == []


def test_a_cancelled_lot_binds_nobody(session: Session) -> None:
    lot = open_pool()
    site, actor = need_on(lot, 80)
    announce(LotCancelled(lot.id, "le marché est abandonné"))
    assert status_of(session, lot, site) == "released"
    assert totals_of(session, lot.id).takes_needs is False
    assert placed_on(open_pool(), site, actor, 80).status == "counted"
    assert_totals_are_true(session)


class PoolMachine(RuleBasedStateMachine):
    """Anything that members, signatories and time can do to one pool with a maximum."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.lot = open_pool(minimum=50, maximum=100)
        self.people = []
        for _ in range(4):
            site, signatory = clinic()
            buyer = type(signatory)(signatory.user_id, "", signatory.seats, frozenset({"read", "write"}))
            self.people.append((site, signatory, buyer))
        self.grappe = grappe_of(*(site for site, _, _ in self.people[:3]))

    @rule(
        who=st.integers(0, 3), quantity=st.integers(1, 70), tolerance=st.integers(0, 9), in_grappe=st.booleans(),
        firmness=st.sampled_from(("firm", "conditional", "indicative")), signs=st.booleans(), waits=st.booleans(),
    )  # fmt: skip
    def place(
        self, who: int, quantity: int, tolerance: int, in_grappe: bool, firmness: str, signs: bool, waits: bool
    ) -> None:
        site, signatory, buyer = self.people[who]
        wish = Wish(
            quantity, firmness, self.grappe.id if in_grappe and who < 3 else None, tolerance,
            minimum_pool_quantity=20 if firmness == "conditional" else None,
        )  # fmt: skip
        self.attempt(put_need, signatory if signs else buyer, self.lot.id, site.id, wish, accept_waitlist=waits)

    @rule(who=st.integers(0, 3))
    def withdraw(self, who: int) -> None:
        site, signatory, _ = self.people[who]
        self.attempt(withdraw_need, signatory, self.lot.id, site.id)

    @rule(who=st.integers(0, 3), waits=st.booleans())
    def sign(self, who: int, waits: bool) -> None:
        site, signatory, _ = self.people[who]
        self.attempt(sign_need, signatory, self.lot.id, site.id, accept_waitlist=waits)

    @rule(who=st.integers(0, 2))
    def leave(self, who: int) -> None:
        announce(MembershipEnded(self.grappe.id, self.people[who][0].id))

    @invariant()
    def totals_equal_the_sum_of_needs(self) -> None:
        self.session.expire_all()
        assert list_differences(self.session) == []
        totals = totals_of(self.session, self.lot.id)
        assert totals.firm + totals.conditional <= 100

    @invariant()
    def nobody_waits_who_would_fit(self) -> None:
        totals = totals_of(self.session, self.lot.id)
        free = 100 - totals.firm - totals.conditional
        waiting = self.session.query(Need).filter(Need.lot_id == self.lot.id, Need.status == "waitlisted")
        assert all(need.quantity > free for need in waiting)

    def attempt(self, call: Any, *args: Any, **facts: Any) -> None:
        try:
            call(*args, **facts)
        except DomainError:
            self.session.expire_all()


def test_totals_equal_needs_after_any_sequence_of_acts(session: Session) -> None:
    PoolMachine.session = session
    run_state_machine_as_test(
        PoolMachine,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
