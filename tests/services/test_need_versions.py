"""Every change of a need is kept, whoever makes it, and nothing kept can be changed."""
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.platform.errors import NotFound
from tenders.demand.queries import NeedChange, list_need_changes
from tenders.demand.services import withdraw_need
from tests.factories.accounts import user_in
from tests.factories.demand import centre_user, clinic, need_on, open_pool, placed_on
from tests.factories.grappes import grappe_of


def said(changes: list[NeedChange]) -> list[tuple[Any, Any, Any]]:
    """Each change as (before, after, by whom)."""
    return [
        (each.before and (each.before.quantity, each.before.status), each.after and (each.after.quantity, each.after.status),
         each.changed_by)
        for each in changes
    ]  # fmt: skip


def test_placing_changing_and_withdrawing_are_each_kept_with_who_did_it(session: Session) -> None:
    lot = open_pool()
    site, signatory = clinic()
    person = user_in(session.get_one(Organisation, site.organisation_id), ("buyer",))
    buyer = get_actor(session, person.id)
    placed_on(lot, site, buyer, 300)
    placed_on(lot, site, signatory, 250)
    placed_on(lot, site, signatory, 250)
    withdraw_need(signatory, lot.id, site.id)
    placed_on(lot, site, signatory, 10, firmness="indicative")
    assert said(list_need_changes(session, signatory, lot.id, site.id)) == [
        (None, (300, "awaiting_signature"), person.full_name),
        ((300, "awaiting_signature"), (250, "counted"), signatory.name),
        ((250, "counted"), None, signatory.name),
        (None, (10, "not_counted"), signatory.name),
    ]


def test_a_place_freed_names_nobody(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    first, somebody = need_on(lot, 100)
    site, waiting = clinic()
    placed_on(lot, site, waiting, 50, accept_waitlist=True)
    withdraw_need(somebody, lot.id, first.id)
    assert said(list_need_changes(session, waiting, lot.id, site.id)) == [
        (None, (50, "waitlisted"), waiting.name),
        ((50, "waitlisted"), (50, "counted"), None),
    ]


def test_the_history_is_for_its_organisation_the_mandated_coordinator_and_the_centre(session: Session) -> None:
    lot = open_pool()
    (first, coordinator), (second, member), (_, stranger) = clinic(), clinic(), clinic()
    mandated = grappe_of(first, second, coordinator_enters_needs=True)
    placed_on(lot, second, coordinator, 20, grappe_id=mandated.id, firmness="indicative")
    centre = get_actor(session, centre_user(lot).id)
    names = [list_need_changes(session, actor, lot.id, second.id)[0].changed_by for actor in (member, coordinator, centre)]
    assert names == [coordinator.name, coordinator.name, None]
    with pytest.raises(NotFound):
        list_need_changes(session, stranger, lot.id, second.id)


def test_a_coordinator_without_mandate_sees_no_history(session: Session) -> None:
    lot = open_pool()
    (first, coordinator), (second, member) = clinic(), clinic()
    grappe = grappe_of(first, second, coordinator_enters_needs=False)
    placed_on(lot, second, member, 20, grappe_id=grappe.id, firmness="indicative")
    with pytest.raises(NotFound):
        list_need_changes(session, coordinator, lot.id, second.id)


def test_what_is_kept_is_never_changed(session: Session) -> None:
    lot = open_pool()
    need_on(lot, 10)
    for statement in ("UPDATE need_versions SET quantity = 1", "DELETE FROM need_versions"):
        with pytest.raises(ProgrammingError, match="append-only"), session.begin_nested():
            session.execute(text(statement))


def test_the_last_version_of_every_need_is_the_need_itself(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    for quantity in (40, 60, 30):
        site, actor = clinic()
        placed_on(lot, site, actor, quantity, accept_waitlist=True, minimum_pool_quantity=5)
    differing = session.scalar(text("""
        SELECT count(*) FROM needs n JOIN LATERAL (
            SELECT * FROM need_versions v WHERE (v.lot_id, v.establishment_id) = (n.lot_id, n.establishment_id)
            ORDER BY id DESC LIMIT 1
        ) v ON true
        WHERE (n.quantity, n.status, n.changed_at) IS DISTINCT FROM (v.quantity, v.status, v.changed_at)
    """))
    assert differing == 0
