"""The last units of a closed lot: whoever comes at the same moment, no more is committed than there is."""
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.permissions import SYSTEM
from tenders.demand.envelopes.queries import get_envelope, list_ledger_differences
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.services import join_late
from tenders.demand.queries import list_differences
from tenders.demand.services import close_lot
from tests.factories.demand import clinic, need_on, open_pool, sister, vehicle_of
from tests.slow.test_lot_races import codes, together

pytestmark = pytest.mark.slow


def closed_lot(maximum: int) -> Any:
    vehicle = vehicle_of(
        opened_at=clock.now(), starts_on=clock.today() - timedelta(days=1), regime="private", allows_late_joining=True
    )
    lot = open_pool(minimum=500, maximum=maximum, vehicle_id=vehicle.id)
    need_on(lot, 600)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    return lot


def assert_whole(session: Session, lot: Any, maximum: int) -> int:
    """Ledger, totals and joinings tell the same; the units that joined late."""
    session.expire_all()
    joined = session.scalar(select(func.coalesce(func.sum(LateJoining.quantity), 0)).where(LateJoining.lot_id == lot.id))
    assert list_differences(session) == [] and list_ledger_differences(session) == []
    assert get_envelope(session, lot.id).balance.engaged == 600 + joined <= maximum
    return int(joined)


def test_the_last_units_go_to_as_many_as_they_serve(committed: Session, real_app: Flask) -> None:
    lot = closed_lot(maximum=850)
    comers = [clinic() for _ in range(8)]
    done = together(real_app, *(
        lambda site=site, actor=actor: join_late(actor, lot.id, site.id, quantity=100) for site, actor in comers
    ))  # fmt: skip
    assert codes(done) == {"done": 2, "late_joining_no_room": 6}
    assert assert_whole(committed, lot, 850) == 200


def test_the_same_joining_sent_several_times_at_once_is_one(committed: Session, real_app: Flask) -> None:
    lot = closed_lot(maximum=850)
    site, actor = clinic()
    done = together(real_app, *[lambda: join_late(actor, lot.id, site.id, quantity=100)] * 6)
    assert sorted(each.is_new for each in done) == [False] * 5 + [True]
    assert assert_whole(committed, lot, 850) == 100


def test_two_lots_of_a_category_at_once_take_a_site_once(committed: Session, real_app: Flask) -> None:
    lots = [closed_lot(maximum=1000) for _ in range(2)]
    site, actor = clinic()
    neighbour = sister(site)
    done = together(real_app, *(
        lambda lot=lot, place=place: join_late(actor, lot.id, place.id, quantity=100)
        for lot in lots for place in (site, neighbour)
    ))  # fmt: skip
    assert codes(done) == {"done": 2, "already_pooled_elsewhere": 2}
    assert sum(assert_whole(committed, lot, 1000) for lot in lots) == 200
