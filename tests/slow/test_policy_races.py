"""Votes, mergers and closings taken back, many at once on real connections: each thing once, every total true."""
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.accounts.queries import get_actor
from marketplace.grappes.models import PoolingClaim
from marketplace.platform import clock
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.permissions import SYSTEM
from tenders.demand.mergers.models import Merger
from tenders.demand.mergers.services import settle_merger, vote
from tenders.demand.models import Closing, LotTotals, Need
from tenders.demand.rules.placing import Wish
from tenders.demand.services import close_due_lots, close_lot, put_need, undo_closing
from tenders.vehicles.models import Lot
from tests.factories.demand import assert_totals_are_true, centre_user, clinic, need_on, open_pool

pytestmark = pytest.mark.slow
ROUNDS = 5


def together(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Run each act in a thread and connection of its own, all starting at the same moment."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            gate.wait(20)
            try:
                return act()
            except DomainError as refused:
                return refused
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def codes(results: list[Any]) -> Counter[str]:
    return Counter(result.code if isinstance(result, DomainError) else "done" for result in results)


def at_its_date(session: Session, lot: Lot) -> None:
    """The lot's date has come."""
    session.execute(
        text("UPDATE lots SET needs_close_at = now() - interval '1 second', next_check_at = now() WHERE id = :id"),
        {"id": lot.id},
    )
    session.commit()


def voting(session: Session, **target: Any) -> tuple[UUID, Lot, Lot, list[Any]]:
    """A merger of two needs of 150 units under way; its lot, the target, and who votes."""
    lot = open_pool(minimum=500, minimum_policy=["merge", "release"])
    people = [need_on(lot, 150), need_on(lot, 150)]
    later = lot.needs_close_at + timedelta(days=60)
    other = open_pool(vehicle_id=lot.vehicle_id, code="B", minimum=None, needs_close_at=later, **target)
    at_its_date(session, lot)
    close_lot(SYSTEM, lot.id)
    merger_id = session.scalars(select(Merger.id).where(Merger.lot_id == lot.id)).one()
    return merger_id, lot, other, people


def due_now(session: Session, merger_id: UUID) -> None:
    session.execute(text("UPDATE mergers SET next_check_at = now() WHERE id = :id"), {"id": merger_id})
    session.commit()


def test_votes_and_two_workers_at_once_settle_a_merger_once(real_app: Flask, committed: Session) -> None:
    for _ in range(ROUNDS):
        merger_id, lot, other, people = voting(committed)
        due_now(committed, merger_id)
        results = together(
            real_app,
            *(lambda s=s, a=a, i=lot.id: vote(a, i, s.id, "yes") for s, a in people),  # type: ignore[misc]
            *(lambda m=merger_id: settle_merger(m) for _worker in range(2)),  # type: ignore[misc]
        )
        votes, settlings = results[:2], results[2:]
        assert set(codes(votes)) <= {"done", "merger_vote_closed"}
        assert sum(settled is True for settled in settlings) == 1
        merger = committed.get_one(Merger, merger_id, populate_existing=True)
        in_time = merger.results[0]["yes"]
        assert in_time == codes(votes)["done"], "a vote said to be taken was counted"
        assert merger.outcome == ("accepted" if in_time else "refused")
        moved = committed.scalar(select(func.count()).select_from(Need).where(Need.lot_id == other.id))
        assert moved == (2 if in_time else 0)
        assert_totals_are_true(committed)


def test_needs_that_move_and_a_newcomer_never_pass_the_targets_maximum(real_app: Flask, committed: Session) -> None:
    seen = Counter[str]()
    for _ in range(ROUNDS):
        merger_id, lot, other, people = voting(committed, maximum=400)
        for site, actor in people:
            vote(actor, lot.id, site.id, "yes")
        newcomer, new_actor = clinic()
        due_now(committed, merger_id)
        results = together(
            real_app,
            lambda m=merger_id: settle_merger(m),  # type: ignore[misc]
            lambda s=newcomer, a=new_actor, i=other.id: put_need(a, i, s.id, Wish(150, "firm")),  # type: ignore[misc]
        )
        outcome = committed.get_one(Merger, merger_id, populate_existing=True).outcome
        totals = committed.get_one(LotTotals, other.id, populate_existing=True)
        assert (outcome, totals.firm, codes(results[1:])) in (
            ("accepted", 300, Counter({"lot_maximum_reached": 1})), ("target_gone", 150, Counter({"done": 1})),
        )  # fmt: skip
        seen[str(outcome)] += 1
        assert_totals_are_true(committed)
    assert sum(seen.values()) == ROUNDS


def test_a_closing_taken_back_and_a_volume_placed_elsewhere_exclude_each_other(
    real_app: Flask, committed: Session
) -> None:
    for _ in range(ROUNDS):
        lot = open_pool(minimum=500, minimum_policy=["release"])
        site, actor = need_on(lot, 300)
        need_on(lot, 100)
        at_its_date(committed, lot)
        close_lot(SYSTEM, lot.id)
        centre, elsewhere = get_actor(committed, centre_user(lot).id), open_pool(minimum=None)
        until = clock.now() + timedelta(days=7)
        undone, placed = together(
            real_app,
            lambda c=centre, i=lot.id, u=until: undo_closing(c, i, reason="erreur", needs_close_at=u),  # type: ignore[misc]
            lambda s=site, a=actor, i=elsewhere.id: put_need(a, i, s.id, Wish(300, "firm")),  # type: ignore[misc]
        )
        both = (*codes([undone]), *codes([placed]))
        assert both in (("done", "already_pooled_elsewhere"), ("pooled_elsewhere_since", "done")), both
        claimed = committed.scalars(
            select(PoolingClaim.subject_id).where(PoolingClaim.establishment_id == site.id, PoolingClaim.kind == "need")
        ).all()
        assert claimed == [lot.id if both[0] == "done" else elsewhere.id]
        assert_totals_are_true(committed)


def test_a_closing_is_taken_back_once_while_the_worker_looks_on(real_app: Flask, committed: Session) -> None:
    for _ in range(ROUNDS):
        lot = open_pool(minimum=100)
        need_on(lot, 300)
        close_lot(SYSTEM, lot.id, reason="minimum atteint")
        centre = get_actor(committed, centre_user(lot).id)
        results = together(
            real_app,
            *(lambda c=centre, i=lot.id: undo_closing(c, i, reason="erreur") for _hand in range(2)),  # type: ignore[misc]
            close_due_lots,
        )
        assert codes(results[:2]) == {"done": 1, "nothing_to_undo": 1}
        rounds = committed.execute(select(Closing.round, Closing.undone_at).where(Closing.lot_id == lot.id)).all()
        assert [(each.round, each.undone_at is not None) for each in rounds] == [(1, True)]
        assert_totals_are_true(committed)
