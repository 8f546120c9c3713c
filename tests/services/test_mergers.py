"""Mergers: put to the vote when a minimum is missed, counted, then needs move or the policy goes on; each thing once."""
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.grappes.models import PoolingClaim
from marketplace.platform import clock
from marketplace.platform.errors import DomainError, NotAllowed, NotFound
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.demand.mergers.models import Merger
from tenders.demand.mergers.moving import COPIED
from tenders.demand.mergers.queries import get_merger, list_open_votes, list_to_choose
from tenders.demand.mergers.services import choose_target, settle_due_mergers, settle_merger, vote
from tenders.demand.models import Closing, Need
from tenders.demand.services import close_due_lots, close_lot
from tenders.vehicles.models import Lot, Vehicle
from tests.factories.accounts import user_in
from tests.factories.demand import assert_totals_are_true, centre_user, clinic, need_on, open_pool, placed_on, totals_of
from tests.factories.grappes import grappe_of

TERMS = {"minimum": 500, "minimum_policy": ["merge", "release"]}


def centre_of(session: Session, lot: Lot) -> Actor:
    return get_actor(session, centre_user(lot).id)


def refused(call: Any, *args: Any, **facts: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        call(*args, **facts)
    return refusal.value


def beside(lot: Lot, **columns: Any) -> Lot:
    """Another open lot of the same centre that closes later."""
    facts = {"minimum": None, "needs_close_at": lot.needs_close_at + timedelta(days=60), "code": "B", **columns}
    return open_pool(vehicle_id=lot.vehicle_id, **facts)


def closed_on_time(lot: Lot) -> Closing:
    with clock.frozen_at(lot.needs_close_at):
        return close_lot(SYSTEM, lot.id).closing


def merger_of(session: Session, lot: Lot) -> Merger:
    statement = select(Merger).where(Merger.lot_id == lot.id)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def settle_at_its_end(session: Session, lot: Lot) -> Merger:
    due = merger_of(session, lot).next_check_at
    assert due is not None
    with clock.frozen_at(due):
        assert settle_due_mergers() == 1
    return merger_of(session, lot)


def need_of(session: Session, lot: Lot, site_id: UUID) -> Need | None:
    return session.get(Need, (lot.id, site_id), populate_existing=True)


def claimed_lot(session: Session, site_id: UUID) -> UUID | None:
    return session.scalar(
        select(PoolingClaim.subject_id).where(PoolingClaim.kind == "need", PoolingClaim.establishment_id == site_id)
    )


def told(session: Session, template: str) -> int:
    count = text("SELECT count(*) FROM outbox WHERE payload ->> 'template' = :template")
    return session.scalar(count, {"template": template}) or 0


def voting(lot: Lot) -> datetime:
    return lot.needs_close_at + timedelta(days=1)


def test_the_only_lot_that_fits_is_proposed_and_everybody_stays_until_the_vote_ends(session: Session) -> None:
    lot = open_pool(**TERMS)
    site, actor = need_on(lot, 300)
    target = beside(lot)
    beside(lot, code="C", term_months=12)  # other conditions: no target
    closing = closed_on_time(lot)
    assert (closing.outcome, closing.policy_applied) == ("not_met", "merge")
    merger = merger_of(session, lot)
    assert (merger.target_lot_id, merger.proposed_by, merger.outcome) == (target.id, None, None)
    assert merger.votes_close_at == lot.needs_close_at + timedelta(days=10)
    session.refresh(lot)
    assert (lot.status, lot.next_check_at, totals_of(session, lot.id).takes_needs) == ("open", None, False)
    assert need_of(session, lot, site.id).status == "counted"  # type: ignore[union-attr]
    assert told(session, "merger_vote_opened") == 1
    assert [each.establishments for each in list_open_votes(session, actor)] == [1]
    assert_totals_are_true(session)


def test_on_yes_needs_move_with_their_totals_and_claims(session: Session) -> None:
    lot = open_pool(**TERMS)
    site, actor = need_on(lot, 300)
    other, other_actor = need_on(lot, 100, minimum_pool_quantity=50)
    need_on(lot, 40, firmness="indicative")
    target = beside(lot)
    closed_on_time(lot)
    with clock.frozen_at(voting(lot)):
        vote(actor, lot.id, site.id, "yes")
        vote(other_actor, lot.id, other.id, "yes")
        assert settle_due_mergers() == 1, "everybody voted: the worker need not wait"
        assert settle_due_mergers() == 0
    merger = merger_of(session, lot)
    assert (merger.outcome, merger.results[0]["yes"]) == ("accepted", 2)
    session.refresh(lot)
    assert (lot.status, totals_of(session, lot.id).members) == ("closed", 0)
    moved = need_of(session, target, site.id)
    assert moved is not None
    assert (moved.status, moved.quantity, moved.firmness, moved.signed_by) == ("counted", 300, "firm", actor.user_id)
    assert need_of(session, lot, site.id).decision_code == "merged"  # type: ignore[union-attr]
    assert (totals_of(session, target.id).firm, totals_of(session, target.id).conditional) == (300, 100)
    assert claimed_lot(session, site.id) == target.id
    assert (told(session, "merger_decided"), told(session, "merger_moved")) == (3, 2)
    assert_totals_are_true(session)


@pytest.mark.parametrize("choice", ["no", None])
def test_on_no_or_without_a_quorum_the_next_step_runs(session: Session, choice: str | None) -> None:
    lot = open_pool(**TERMS)
    site, actor = need_on(lot, 300)
    beside(lot)
    closed_on_time(lot)
    if choice:
        with clock.frozen_at(voting(lot)):
            vote(actor, lot.id, site.id, choice)
    merger = settle_at_its_end(session, lot)
    assert merger.outcome == "refused"
    session.refresh(lot)
    assert lot.status == "closed"
    decided = session.get_one(Closing, (lot.id, 2))
    assert (decided.policy_applied, decided.body["policy_skipped"][0]["code"]) == ("release", "merge_already_proposed")
    assert need_of(session, lot, site.id).status == "released"  # type: ignore[union-attr]
    assert claimed_lot(session, site.id) is None
    assert_totals_are_true(session)


def test_after_a_refused_merger_the_lot_can_still_be_extended(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["merge", "extend", "release"])
    need_on(lot, 300)
    beside(lot)
    closed_on_time(lot)
    settle_at_its_end(session, lot)
    session.refresh(lot)
    assert (lot.status, lot.round, totals_of(session, lot.id).takes_needs) == ("open", 3, True)
    assert lot.next_check_at == lot.needs_close_at
    need_on(lot, 200)
    assert closed_on_time(lot).outcome == "met"
    assert_totals_are_true(session)


def test_each_grappe_votes_by_its_charter_and_goes_or_stays_for_itself(session: Session) -> None:
    lot = open_pool(**TERMS)
    sites = [clinic() for _ in range(4)]
    willing, unwilling = (grappe_of(sites[place][0], sites[place + 1][0]) for place in (0, 2))
    for (site, actor), grappe in zip(sites, (willing, willing, unwilling, unwilling), strict=True):
        placed_on(lot, site, actor, 50, grappe_id=grappe.id)
    target = beside(lot)
    closed_on_time(lot)
    with clock.frozen_at(voting(lot)):
        for place, choice in enumerate(("yes", "yes", "yes", "no")):
            vote(sites[place][1], lot.id, sites[place][0].id, choice)
        settle_due_mergers()
    assert [need_of(session, target, site.id) is not None for site, _ in sites] == [True, True, False, False]
    assert [need_of(session, lot, site.id).status for site, _ in sites] == ["released"] * 4  # type: ignore[union-attr]
    assert session.get_one(Closing, (lot.id, 2)).policy_applied == "release"
    assert_totals_are_true(session)


def test_with_several_targets_the_centre_chooses(session: Session) -> None:
    lot = open_pool(**TERMS)
    site, actor = need_on(lot, 300)
    first, _second = beside(lot), beside(lot, code="C")
    closed_on_time(lot)
    centre = centre_of(session, lot)
    merger = merger_of(session, lot)
    assert (merger.target_lot_id, told(session, "merger_to_choose")) == (None, 1)
    assert [each.lot_id for each in list_to_choose(session, centre)] == [lot.id]
    with clock.frozen_at(voting(lot)):
        assert refused(vote, actor, lot.id, site.id, "yes").code == "merger_target_open"
        assert isinstance(refused(choose_target, actor, lot.id, target_lot_id=first.id), NotAllowed)
        assert refused(choose_target, centre, lot.id, target_lot_id=lot.id).code == "merger_target_does_not_fit"
        view = choose_target(centre, lot.id, target_lot_id=first.id)
        assert view.target is not None
        assert (view.target.lot_id, view.bodies[0].count.voters) == (first.id, 1)
        assert refused(choose_target, centre, lot.id, target_lot_id=first.id).code == "merger_target_chosen"
        vote(actor, lot.id, site.id, "yes")
    assert settle_at_its_end(session, lot).outcome == "accepted"


def test_without_a_choice_in_time_the_policy_goes_on(session: Session) -> None:
    lot = open_pool(**TERMS)
    need_on(lot, 300)
    beside(lot), beside(lot, code="C")
    closed_on_time(lot)
    assert settle_at_its_end(session, lot).outcome == "no_target"
    assert session.get_one(Closing, (lot.id, 2)).policy_applied == "release"


def test_a_target_that_filled_up_takes_nobody(session: Session) -> None:
    lot = open_pool(**TERMS)
    site, actor = need_on(lot, 300)
    target = beside(lot, maximum=400)
    closed_on_time(lot)
    need_on(target, 150)
    with clock.frozen_at(voting(lot)):
        vote(actor, lot.id, site.id, "yes")
        settle_due_mergers()
    assert merger_of(session, lot).outcome == "target_gone"
    assert (totals_of(session, target.id).firm, need_of(session, target, site.id)) == (150, None)
    assert need_of(session, lot, site.id).status == "released"  # type: ignore[union-attr]
    assert_totals_are_true(session)


def test_a_grappe_short_of_its_minimum_joins_another_of_the_lot(session: Session) -> None:
    lot = open_pool(minimum=100, minimum_scope="grappe", minimum_policy=["merge", "release"])
    sites = [clinic() for _ in range(4)]
    host, short = (grappe_of(sites[place][0], sites[place + 1][0]) for place in (0, 2))
    for (site, actor), grappe, quantity in zip(sites, (host, host, short, short), (80, 40, 30, 20), strict=True):
        placed_on(lot, site, actor, quantity, grappe_id=grappe.id)
    assert closed_on_time(lot).policy_applied == "merge"
    assert merger_of(session, lot).target_grappe_id == host.id
    with clock.frozen_at(voting(lot)):
        for site, actor in sites:
            vote(actor, lot.id, site.id, "yes")
        settle_due_mergers()
    decided = session.get_one(Closing, (lot.id, 2))
    assert (decided.outcome, decided.ordered_quantity) == ("met", 170)
    assert {need_of(session, lot, site.id).grappe_id for site, _ in sites} == {host.id}  # type: ignore[union-attr]
    assert_totals_are_true(session)


def test_a_host_that_says_no_receives_nobody(session: Session) -> None:
    lot = open_pool(minimum=100, minimum_scope="grappe", minimum_policy=["merge", "release"])
    sites = [clinic() for _ in range(4)]
    host, short = (grappe_of(sites[place][0], sites[place + 1][0]) for place in (0, 2))
    for (site, actor), grappe, quantity in zip(sites, (host, host, short, short), (80, 40, 30, 20), strict=True):
        placed_on(lot, site, actor, quantity, grappe_id=grappe.id)
    closed_on_time(lot)
    with clock.frozen_at(voting(lot)):
        for (site, actor), choice in zip(sites, ("no", "no", "yes", "yes"), strict=True):
            vote(actor, lot.id, site.id, choice)
        settle_due_mergers()
    assert merger_of(session, lot).outcome == "refused"
    decided = session.get_one(Closing, (lot.id, 2))
    assert (decided.policy_applied, decided.ordered_quantity) == ("release", 120), "the host keeps what it reached"
    assert_totals_are_true(session)


def test_only_a_signatory_or_admin_of_the_members_own_organisation_votes_until_the_end(session: Session) -> None:
    lot = open_pool(**TERMS)
    site, actor = need_on(lot, 300)
    other, other_actor = need_on(lot, 50)
    beside(lot)
    closed_on_time(lot)
    buyer = get_actor(session, user_in(session.get_one(Organisation, site.organisation_id), ("buyer",)).id)
    _, stranger = clinic()
    session.refresh(lot)
    with clock.frozen_at(voting(lot)):
        assert isinstance(refused(vote, buyer, lot.id, site.id, "yes"), NotAllowed)
        assert isinstance(refused(vote, other_actor, lot.id, site.id, "yes"), NotAllowed)
        assert isinstance(refused(get_merger, session, stranger, lot), NotFound)
        vote(actor, lot.id, site.id, "no")
        view = vote(actor, lot.id, site.id, "yes")  # the last choice counts
        assert view.bodies == (), "of two without a grappe, the count would tell each what the other voted and weighs"
    with clock.frozen_at(merger_of(session, lot).votes_close_at):  # type: ignore[arg-type]
        assert refused(vote, other_actor, lot.id, other.id, "no").code == "merger_vote_closed"


def test_a_cancelled_lot_has_nothing_to_settle(session: Session) -> None:
    lot = open_pool(**TERMS)
    need_on(lot, 300)
    beside(lot)
    closed_on_time(lot)
    session.refresh(lot)
    lot.cancelled_at = clock.now()
    session.commit()
    assert settle_at_its_end(session, lot).outcome == "void"
    assert session.get(Closing, (lot.id, 2)) is None


def test_after_downtime_everything_due_is_done_once(session: Session) -> None:
    """Nobody looked for a month: the closing, then its vote (which begins when the closing is decided), each once."""
    lot = open_pool(**TERMS)
    need_on(lot, 300)
    beside(lot, needs_close_at=lot.needs_close_at + timedelta(days=365))
    late = lot.needs_close_at + timedelta(days=30)
    with clock.frozen_at(late):
        assert [close_due_lots(), close_due_lots()] == [1, 0]
        assert settle_due_mergers() == 0, "members get their ten days from the closing on"
    merger = merger_of(session, lot)
    assert merger.votes_close_at == late + timedelta(days=10)
    with clock.frozen_at(late + timedelta(days=40)):
        assert [settle_due_mergers(), settle_due_mergers()] == [1, 0]
        assert settle_merger(merger.id) is False
        assert close_due_lots() == 0
    assert [each.round for each in session.scalars(select(Closing).order_by(Closing.round))] == [1, 2]
    assert told(session, "merger_decided") == 2
    assert_totals_are_true(session)


def test_nothing_of_a_need_is_left_behind_when_it_moves() -> None:
    anew = {"lot_id", "placed_at", "changed_at", "changed_by", "version"}
    of_a_decision = {"ordered_quantity", "decision_code", "waitlist_number"}
    assert set(Need.__table__.columns.keys()) - anew - of_a_decision == set(COPIED)


def test_a_lot_of_another_centre_is_no_target(session: Session) -> None:
    lot = open_pool(**TERMS)
    need_on(lot, 300)
    open_pool(minimum=None, needs_close_at=lot.needs_close_at + timedelta(days=60))
    assert session.query(Vehicle).count() == 2
    closing = closed_on_time(lot)
    assert (closing.policy_applied, closing.body["policy_skipped"][0]["code"]) == ("release", "no_merge_target")
