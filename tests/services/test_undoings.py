"""A closing made by mistake is taken back while nobody relied on it: needs, totals, claims and ledger as they were."""
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.accounts.queries import get_actor
from marketplace.grappes.services.exits import exclude_member
from marketplace.platform import clock, events
from marketplace.platform.errors import N_, BadInput, DomainError, NotAllowed, Sentence
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.demand.envelopes.models import Envelope
from tenders.demand.events import RelyingOnClosing
from tenders.demand.mergers.models import Merger
from tenders.demand.models import Closing, Need
from tenders.demand.queries import find_last_closing
from tenders.demand.services import close_due_lots, close_lot, undo_closing
from tenders.vehicles.models import Lot
from tenders.vehicles.services import cancel_vehicle
from tests.factories.demand import (
    assert_totals_are_true,
    centre_user,
    clinic,
    need_on,
    open_pool,
    placed_on,
    totals_of,
)
from tests.factories.grappes import grappe_of

SIGNED = Sentence("contract_signed", N_("un contrat est signé sur ce lot"))


def centre_of(session: Session, lot: Lot) -> Actor:
    return get_actor(session, centre_user(lot).id)


def refused(call: Any, *args: Any, **facts: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        call(*args, **facts)
    return refusal.value


def states(session: Session, lot: Lot) -> dict[int, tuple[Any, ...]]:
    session.expire_all()
    rows = session.query(Need).filter(Need.lot_id == lot.id)
    return {need.quantity: (need.status, need.waitlist_number, need.ordered_quantity, need.decision_code) for need in rows}


def sums(session: Session, lot: Lot) -> tuple[int, ...]:
    totals = totals_of(session, lot.id)
    return (totals.firm, totals.conditional, totals.waitlisted, totals.indicative, totals.tolerance, totals.members)


def close_early(session: Session, lot: Lot) -> tuple[Actor, Closing]:
    centre = centre_of(session, lot)
    return centre, close_lot(centre, lot.id, reason="tout le monde est là").closing


@pytest.fixture
def relied_upon() -> Iterator[list[Sentence]]:
    """What a higher room answers when asked who relies on a closing; empty at first."""
    answers: list[Sentence] = []

    def listener(session: Session, question: RelyingOnClosing) -> list[Sentence]:
        return answers

    events.listen(RelyingOnClosing, listener)
    yield answers
    events._listeners[RelyingOnClosing].remove(listener)


def test_a_closing_taken_back_leaves_everything_as_it_was(session: Session) -> None:
    lot = open_pool(minimum=500, maximum=600)
    need_on(lot, 300)
    need_on(lot, 250, minimum_pool_quantity=500)
    site, actor = clinic()
    placed_on(lot, site, actor, 70, accept_waitlist=True)
    need_on(lot, 40, firmness="indicative")
    before, totals = states(session, lot), sums(session, lot)
    planned = lot.needs_close_at
    centre, closing = close_early(session, lot)
    undone = undo_closing(centre, lot.id, reason=" Une clinique manquait. ")
    assert (undone.round, undone.undo_reason) == (closing.round, "Une clinique manquait.")
    assert (states(session, lot), sums(session, lot)) == (before, totals)
    session.refresh(lot)
    assert (lot.status, lot.round, lot.needs_close_at, lot.next_check_at) == ("open", 2, planned, planned)
    envelope = session.get_one(Envelope, lot.id)
    assert (envelope.committed, envelope.released, envelope.entries) == (550, -550, 4), "corrected, never erased"
    assert find_last_closing(session, lot.id) is None
    told = text("SELECT count(*) FROM outbox WHERE payload ->> 'template' = 'closing_undone'")
    assert session.scalar(told) == 5
    assert_totals_are_true(session)


def test_the_next_round_is_decided_like_any_other(session: Session) -> None:
    lot = open_pool(minimum=500)
    need_on(lot, 500)
    centre, _ = close_early(session, lot)
    undo_closing(centre, lot.id, reason="erreur")
    need_on(lot, 100)
    session.refresh(lot)
    with clock.frozen_at(lot.needs_close_at):
        assert [close_due_lots(), close_due_lots()] == [1, 0]
    last = find_last_closing(session, lot.id)
    assert last is not None
    assert (last.round, last.ordered_quantity) == (2, 600)
    assert session.get_one(Envelope, lot.id, populate_existing=True).balance.engaged == 600
    assert_totals_are_true(session)


@pytest.mark.parametrize("policy", ["release", "cancel"])
def test_a_missed_minimum_is_taken_back_with_a_new_date(session: Session, policy: str) -> None:
    lot = open_pool(minimum=500, minimum_policy=[policy])
    need_on(lot, 300)
    before = states(session, lot)
    date = lot.needs_close_at
    with clock.frozen_at(date):
        close_lot(SYSTEM, lot.id)
        centre = centre_of(session, lot)
        assert isinstance(refused(undo_closing, centre, lot.id, reason="erreur"), BadInput), "the planned date is over"
        undo_closing(centre, lot.id, reason="erreur", needs_close_at=date + timedelta(days=7))
    session.refresh(lot)
    assert (lot.status, lot.needs_close_at) == ("open", date + timedelta(days=7))
    assert states(session, lot) == before
    assert_totals_are_true(session)


def test_a_volume_pooled_elsewhere_since_keeps_the_closing(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["release"])
    site, actor = need_on(lot, 300)
    need_on(lot, 100)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
        after = states(session, lot)
        elsewhere = open_pool(needs_close_at=lot.needs_close_at + timedelta(days=30))
        placed_on(elsewhere, site, actor, 300)
        later = lot.needs_close_at + timedelta(days=7)
        refusal = refused(undo_closing, centre_of(session, lot), lot.id, reason="erreur", needs_close_at=later)
    assert (refusal.code, refusal.details["count"]) == ("pooled_elsewhere_since", 1)
    session.rollback()
    session.refresh(lot)
    assert (lot.status, states(session, lot)) == ("closed", after)
    assert_totals_are_true(session)


def test_what_somebody_relies_on_is_not_taken_back(session: Session, relied_upon: list[Sentence]) -> None:
    lot = open_pool(minimum=500)
    need_on(lot, 500)
    centre, _ = close_early(session, lot)
    relied_upon.append(SIGNED)
    refusal = refused(undo_closing, centre, lot.id, reason="erreur")
    assert (refusal.code, refusal.details["why"]) == ("closing_relied_upon", SIGNED)
    relied_upon.clear()
    assert undo_closing(centre, lot.id, reason="erreur").undone_at is not None


def test_only_a_closing_that_ended_something_is_taken_back_and_once(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["extend", "release"])
    need_on(lot, 300)
    centre = centre_of(session, lot)
    assert refused(undo_closing, centre, lot.id, reason="erreur").code == "nothing_to_undo"
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
        assert refused(undo_closing, centre, lot.id, reason="erreur").code == "nothing_to_undo", "an extension"
    other = open_pool(minimum=500)
    need_on(other, 500)
    centre, _ = close_early(session, other)
    assert isinstance(refused(undo_closing, centre, other.id, reason="  "), BadInput)
    assert isinstance(refused(undo_closing, clinic()[1], other.id, reason="erreur"), NotAllowed)
    undo_closing(centre, other.id, reason="erreur")
    assert refused(undo_closing, centre, other.id, reason="erreur").code == "nothing_to_undo"


def test_taking_back_a_closing_ends_the_vote_it_began_but_not_a_vote_that_was_counted(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["merge", "release"])
    need_on(lot, 300)
    later = lot.needs_close_at + timedelta(days=90)
    open_pool(vehicle_id=lot.vehicle_id, code="B", minimum=None, needs_close_at=later)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
        centre, until = centre_of(session, lot), lot.needs_close_at + timedelta(days=7)
        undo_closing(centre, lot.id, reason="erreur", needs_close_at=until)
    assert session.query(Merger).one().outcome == "void"
    session.refresh(lot)
    assert totals_of(session, lot.id).takes_needs
    with clock.frozen_at(until):
        close_lot(SYSTEM, lot.id)
    vote = session.query(Merger).filter(Merger.round == 2).one()
    vote.outcome, vote.decided_at, vote.next_check_at = "refused", clock.now(), None
    session.commit()
    with clock.frozen_at(until):
        refusal = refused(undo_closing, centre, lot.id, reason="erreur", needs_close_at=later)
    assert refusal.code == "closing_voted_on"


def test_a_closing_stays_when_a_member_has_left_its_grappe_or_the_vehicle_is_cancelled(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["release"])
    members = [clinic() for _ in range(3)]
    grappe = grappe_of(*(site for site, _ in members))
    for site, actor in members:
        placed_on(lot, site, actor, 50, grappe_id=grappe.id)
    planned = lot.needs_close_at
    with clock.frozen_at(planned):
        close_lot(SYSTEM, lot.id)
        exclude_member(members[0][1], grappe.id, members[2][0].id, reason="parti")
        again = {"reason": "erreur", "needs_close_at": planned + timedelta(days=7)}
        assert refused(undo_closing, centre_of(session, lot), lot.id, **again).code == "member_left_since"
        cancel_vehicle(centre_of(session, lot), lot.vehicle_id, reason="abandonné")
        assert refused(undo_closing, centre_of(session, lot), lot.id, **again).code == "nothing_to_undo"
    assert_totals_are_true(session)
