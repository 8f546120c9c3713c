"""Nobody works out a masked grappe: not from what the reader brought or supposes, not from a vote, not from a merger."""
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.demand.mergers.queries import get_merger
from tenders.demand.queries import get_pool
from tenders.demand.rules.masking import GroupBehind, masked_groups
from tenders.demand.services import close_lot
from tenders.matching.what_if import Question, suppose_pool
from tests.factories import accounts as make
from tests.factories.demand import centre_user, clinic, need_on, open_pool, placed_on, sister
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


def pair_in_two_grappes(lot: Any) -> None:
    """Two organisations, each with a site in P1 and another in P2."""
    one, other = clinic(), clinic()
    for name, sites, quantities in (
        ("P1", (one[0], other[0]), (70, 30)), ("P2", (sister(one[0]), sister(other[0])), (7, 3)),
    ):  # fmt: skip
        grappe = grappe_of(*sites, name=name)
        for site, (_, actor), quantity in zip(sites, (one, other), quantities, strict=True):
            placed_on(lot, site, actor, quantity, grappe_id=grappe.id)


def test_an_organisation_in_two_small_grappes_counts_once(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    pair_in_two_grappes(lot)
    assert shown(session, clinic()[1], lot.id) == ([], 2), "put together they would be two organisations' figures"
    grappe_on(lot, 3, 10, "Grande")
    assert shown(session, clinic()[1], lot.id) == ([None], 3)


def test_an_organisation_in_a_small_grappe_and_beside_it_counts_once(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    grappe_on(lot, 3, 10, "Grande")
    (site, actor), _ = grappe_on(lot, 2, 50, "Petite")
    placed_on(lot, sister(site), actor, 7)
    assert shown(session, clinic()[1], lot.id) == ([None], 2), "the total less the large one would be the pair's"
    need_on(lot, 1)
    assert shown(session, clinic()[1], lot.id) == (["Grande"], 1), "another organisation beside: three"


def test_in_a_closing_too_an_organisation_counts_once(api: Any, session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    grappe_on(lot, 3, 10, "Grande")
    pair_in_two_grappes(lot)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    (read,) = api(make.user_in()).get(f"/api/v1/lots/{lot.id}/closings").get_json()["items"]
    assert [(each["grappe_id"], each["ordered_quantity"]) for each in read["groups"]] == [(None, 140)]


def test_what_is_missing_does_not_tell_a_masked_grappes_volume(session: Session, count_queries: Any) -> None:
    lot = open_pool(minimum=200, maximum=None, minimum_scope="grappe", requirements={})
    large = grappe_on(lot, 3, 100, "Grande")
    (_, alone), = grappe_on(lot, 1, 50, "Seule")  # fmt: skip
    provider, centre = (get_actor(session, user.id) for user in (make.user_in(kind="provider"), centre_user(lot)))
    site, outsider = clinic()
    with count_queries() as statements:
        seen = [get_pool(session, actor, lot.id) for actor in (outsider, provider, large[0][1], alone, centre)]
    assert [(pool.missing, pool.is_met) for pool in seen] == [(0, False)] * 3 + [(150, False)] * 2
    assert [pool.tells_whole_gap for pool in seen] == [False] * 3 + [True] * 2
    assert len(statements) == 5 + 4  # who stands behind small grappes, for all but the centre
    found = suppose_pool(session, outsider, lot.id, Question(site.id, quantity=5))
    assert (found.after.firm, found.after.missing, found.after.is_met) == (355, 0, False)


def test_the_lots_page_says_what_it_does_not_tell(api: Any, session: Session) -> None:
    lot = open_pool(minimum=200, maximum=None, minimum_scope="grappe")
    members = grappe_on(lot, 3, 60, "Moyenne")
    grappe_on(lot, 2, 50, "Petite")
    _, reader = need_on(lot, 250)
    outside, member, centre = (
        api(session.get_one(User, user_id)).get(f"/lots/{lot.id}").get_data(as_text=True)
        for user_id in (reader.user_id, members[0][1].user_id, centre_user(lot).id)
    )
    assert "Ce qui manque en tout n'est pas communiqué" in outside and "Il manque" not in outside
    assert "Il manque 20 postes aux grappes dont le volume est communiqué" in member
    assert "Il manque 120." in centre


GROUPS = [
    GroupBehind("large", "met", 30, 3), GroupBehind("pair", "met", 140, 2, ("a", "b")),
    GroupBehind(None, "met", 5, 1, ("c",)),
]  # fmt: skip


def test_in_a_closing_neither_do_the_readers_own_needs_hide_a_grappe() -> None:
    outsider = masked_groups(GROUPS, ())
    assert [(each.grappe_id, each.ordered_quantity) for each in outsider] == [("large", 30), (None, 145)]
    reader = masked_groups(GROUPS, (), own_alone=1, readers=("c",))
    assert [(each.grappe_id, each.ordered_quantity) for each in reader] == [(None, 175)]


def test_a_reader_alone_beside_small_grappes_is_told_of_none() -> None:
    assert masked_groups(GROUPS[1:], (), own_alone=1, readers=("c",)) == ()


def test_a_decision_that_did_not_note_who_stands_behind_small_grappes_tells_less() -> None:
    older = [replace(each, few=()) for each in GROUPS]
    assert [(each.grappe_id, each.ordered_quantity) for each in masked_groups(older, ())] == [(None, 175)]


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
