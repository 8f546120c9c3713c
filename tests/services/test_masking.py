"""Nobody works out a masked grappe: not from what the reader brought or supposes, not from a vote, not from a merger."""
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.platform import clock
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.demand.mergers.queries import get_merger
from tenders.demand.queries import get_pool
from tenders.demand.rules.masking import GroupBehind, masked_groups
from tenders.demand.services import close_lot
from tenders.matching.what_if import Question, suppose_pool
from tests.factories.demand import clinic, need_on, open_pool, placed_on, sister
from tests.factories.grappes import grappe_of


def grappe_on(lot: Any, size: int, quantity: int, name: str) -> list[tuple[Any, Actor]]:
    """A grappe of so many organisations, each with a need on the lot."""
    members = [clinic() for _ in range(size)]
    grappe = grappe_of(*(site for site, _ in members), *([clinic()[0]] if size == 1 else []), name=name)
    for site, actor in members:
        placed_on(lot, site, actor, quantity, grappe_id=grappe.id)
    return members


def shown(session: Session, actor: Actor, lot_id: UUID) -> tuple[list[str | None], int]:
    pool = get_pool(session, actor, lot_id)
    return [row.name for row in pool.grappes], pool.masked_grappes


def test_what_the_reader_brought_alone_hides_nobody_from_it(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    grappe_on(lot, 3, 10, "Grande")
    grappe_on(lot, 2, 70, "Petite")
    _, reader = need_on(lot, 5)
    assert shown(session, reader, lot.id) == ([None], 2), "the total less its own 5 and the large one would be the pair's"
    need_on(lot, 6)
    assert shown(session, reader, lot.id) == (["Grande"], 1), "another one beside: three stand behind the difference"


def test_one_organisation_beside_is_one_whatever_its_sites(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    grappe_on(lot, 3, 10, "Grande")
    grappe_on(lot, 1, 70, "Seule")
    site, actor = need_on(lot, 5)
    placed_on(lot, sister(site), actor, 5)
    assert shown(session, clinic()[1], lot.id) == ([None], 2)


def test_what_the_reader_supposes_hides_nobody_from_it(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None, requirements={})
    grappe_on(lot, 3, 10, "Grande")
    grappe_on(lot, 2, 70, "Petite")
    site, reader = clinic()
    found = suppose_pool(session, reader, lot.id, Question(site.id, quantity=5, joining_quantity=4))
    assert [row.name for row in found.after.grappes if not row.own] == [None]
    assert (found.before.masked_grappes, found.after.masked_grappes) == (2, 2)


GROUPS = [
    GroupBehind("large", "met", 30, 3), GroupBehind("pair", "met", 140, 2), GroupBehind(None, "met", 5, 1),
]  # fmt: skip


def test_in_a_closing_neither_do_the_readers_own_needs_hide_a_grappe() -> None:
    outsider = masked_groups(GROUPS, ())
    assert [(each.grappe_id, each.ordered_quantity) for each in outsider] == [("large", 30), (None, 145)]
    reader = masked_groups(GROUPS, (), own_alone=1)
    assert [(each.grappe_id, each.ordered_quantity) for each in reader] == [(None, 175)]


def test_a_reader_alone_beside_small_grappes_is_told_of_none() -> None:
    assert masked_groups([GroupBehind("pair", "met", 140, 2), GroupBehind(None, "met", 5, 1)], (), own_alone=1) == ()


def test_a_closing_is_read_so_by_who_brought_a_need_alone(api: Any, session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    grappe_on(lot, 3, 10, "Grande")
    grappe_on(lot, 2, 70, "Petite")
    _, reader = need_on(lot, 5)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    (read,) = api(session.get_one(User, reader.user_id)).get(f"/api/v1/lots/{lot.id}/closings").get_json()["items"]
    assert [(each["grappe_id"], each["ordered_quantity"]) for each in read["groups"]] == [(None, 175)]


@pytest.mark.parametrize(("size", "told"), [(2, None), (3, 120)])
def test_a_mergers_target_is_told_from_three_organisations_up(session: Session, size: int, told: int | None) -> None:
    lot = open_pool(minimum=100, maximum=None, minimum_scope="grappe", minimum_policy=["merge", "release"])
    host = grappe_on(lot, size, 120 // size, "Hôte")
    short = grappe_on(lot, 2, 20, "Courte")
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
        seen = [get_merger(session, actor, lot).target for _, actor in (short[0], host[0])]
    assert [each and each.counted for each in seen] == [told, 120]


def test_of_two_votes_without_a_grappe_the_count_is_told_to_neither(session: Session) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_policy=["merge", "release"])
    open_pool(vehicle_id=lot.vehicle_id, minimum=None, maximum=None, needs_close_at=lot.needs_close_at.replace(
        year=lot.needs_close_at.year + 1), code="B")
    voters = [need_on(lot, 40) for _ in range(2)]
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
        assert get_merger(session, voters[0][1], lot).bodies == ()
