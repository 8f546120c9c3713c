"""Closing a lot: once, by the centre or by the clock, and what it does to needs, totals, claims and people."""
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.errors import BadInput, DomainError, NotAllowed
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.demand import answers
from tenders.demand.models import Closing, Need
from tenders.demand.queries import list_closings
from tenders.demand.services import close_due_lots, close_lot, end_lots
from tenders.vehicles.models import Lot
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


def centre_of(session: Session, lot: Lot) -> Actor:
    return get_actor(session, centre_user(lot).id)


def refused(call: Any, *args: Any, **facts: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        call(*args, **facts)
    return refusal.value


def close_on_time(lot: Lot, actor: Actor = SYSTEM) -> Closing:
    with clock.frozen_at(lot.needs_close_at):
        return close_lot(actor, lot.id).closing


def statuses(session: Session, lot: Lot) -> dict[int, tuple[str, str | None, int | None]]:
    session.expire_all()
    rows = session.query(Need).filter(Need.lot_id == lot.id)
    return {need.quantity: (need.status, need.decision_code, need.ordered_quantity) for need in rows}


def claims(session: Session) -> int:
    return session.scalar(text("SELECT count(*) FROM pooling_claims WHERE kind = 'need'")) or 0


def told(session: Session) -> list[str]:
    return list(
        session.scalars(
            text("SELECT payload ->> 'template' FROM outbox WHERE payload ->> 'template' LIKE 'closing%' ORDER BY id")
        )
    )


def test_a_lot_that_reached_its_minimum_is_closed_and_stays_counted(session: Session) -> None:
    lot = open_pool(minimum=500)
    need_on(lot, 300)
    need_on(lot, 250, minimum_pool_quantity=500)
    need_on(lot, 40, firmness="indicative")
    closing = close_on_time(lot, centre_of(session, lot))
    assert (closing.outcome, closing.ordered_quantity, closing.policy_applied) == ("met", 550, None)
    assert statuses(session, lot) == {
        300: ("counted", "included", 300), 250: ("counted", "condition_met", 250), 40: ("excluded", "indicative", 0),
    }  # fmt: skip
    session.refresh(lot)
    assert (lot.status, lot.next_check_at) == ("closed", None)
    assert claims(session) == 2
    assert told(session) == ["closing_decided"] * 3 + ["closing_summary"]
    assert_totals_are_true(session)


def test_asking_again_gives_the_same_decision(session: Session) -> None:
    lot = open_pool(minimum=500)
    need_on(lot, 500)
    centre = centre_of(session, lot)
    first = close_lot(centre, lot.id, reason="minimum atteint")
    again = close_lot(centre, lot.id, reason="encore")
    assert (first.is_new, again.is_new) == (True, False)
    assert answers.closing(first.closing) == answers.closing(again.closing)
    assert len(told(session)) == 2


def test_before_its_date_a_lot_closes_only_with_a_reason_and_its_minimum(session: Session) -> None:
    lot = open_pool(minimum=500)
    need_on(lot, 499)
    centre = centre_of(session, lot)
    assert isinstance(refused(close_lot, centre, lot.id), BadInput)
    refusal = refused(close_lot, centre, lot.id, reason="trop tôt")
    assert (refusal.code, refusal.details["tested"]) == ("minimum_not_reached_yet", 499)
    assert list_closings(session, lot.id) == []


def test_only_the_centre_closes(session: Session) -> None:
    lot = open_pool(minimum=500)
    _, actor = clinic()
    assert isinstance(refused(close_lot, actor, lot.id), NotAllowed)


def test_a_missed_minimum_releases_everybody_and_their_volume(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["release"])
    site, actor = need_on(lot, 300)
    need_on(lot, 100, minimum_pool_quantity=450)
    closing = close_on_time(lot)
    assert (closing.outcome, closing.ordered_quantity, closing.policy_applied) == ("not_met", 0, "release")
    assert statuses(session, lot) == {
        300: ("released", "minimum_not_reached", 0), 100: ("excluded", "condition_not_met", 0),
    }  # fmt: skip
    assert claims(session) == 0
    assert (totals_of(session, lot.id).firm, totals_of(session, lot.id).takes_needs) == (0, False)
    assert placed_on(open_pool(), site, actor, 300).status == "counted"
    assert_totals_are_true(session)


def test_a_cancelling_policy_cancels_the_lot(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["merge", "cancel"])
    need_on(lot, 300)
    closing = close_on_time(lot)
    session.refresh(lot)
    assert (closing.policy_applied, lot.status) == ("cancel", "cancelled")
    assert [each["code"] for each in answers.closing(closing)["policy_skipped"]] == ["no_merge_target"]


def test_an_extension_opens_a_second_round_in_which_the_firm_stays_firm(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["extend", "release"])
    need_on(lot, 300)
    site, actor = need_on(lot, 150, minimum_pool_quantity=100)
    need_on(lot, 40, firmness="indicative")
    first_date = lot.needs_close_at
    closing = close_on_time(lot)
    session.refresh(lot)
    assert (closing.round, closing.policy_applied, lot.round) == (1, "extend", 2)
    assert (lot.status, lot.needs_close_at) == ("open", first_date + timedelta(days=15))
    # Nothing is decided of needs that stay: neither a quantity nor a code.
    assert statuses(session, lot) == {
        300: ("counted", None, None), 150: ("to_confirm", None, None), 40: ("to_confirm", None, None),
    }  # fmt: skip
    assert_totals_are_true(session)
    with clock.frozen_at(first_date + timedelta(days=1)):
        confirmed = placed_on(lot, site, actor, 150, minimum_pool_quantity=100)
        assert confirmed.status == "counted"
        need_on(lot, 60)
        repeated = close_lot(centre_of(session, lot), lot.id)
        assert (repeated.is_new, repeated.closing.round) == (False, 1)
    with clock.frozen_at(lot.needs_close_at):
        assert close_due_lots() == 1
    last = list_closings(session, lot.id)[-1]
    assert (last.round, last.outcome, last.ordered_quantity, last.decided_by) == (2, "met", 510, None)
    assert statuses(session, lot)[40] == ("excluded", "not_confirmed", 0)
    assert_totals_are_true(session)


def test_the_same_reason_closes_a_second_round_once_its_minimum_is_reached(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["extend", "release"])
    need_on(lot, 300)
    centre = centre_of(session, lot)
    with clock.frozen_at(lot.needs_close_at):
        first = close_lot(centre, lot.id, reason="fin du recueil").closing
    with clock.frozen_at(first.decided_at + timedelta(days=1)):
        repeated = close_lot(centre, lot.id, reason="fin du recueil")
        assert (repeated.is_new, repeated.closing.round) == (False, 1)
        assert refused(close_lot, centre, lot.id, reason="autre raison").code == "minimum_not_reached_yet"
        need_on(lot, 200)
        second = close_lot(centre, lot.id, reason="fin du recueil")
        assert (second.is_new, second.closing.round, second.closing.outcome) == (True, 2, "met")


def test_a_lot_is_extended_once_at_most(session: Session) -> None:
    lot = open_pool(minimum=500, minimum_policy=["extend"])
    need_on(lot, 300)
    close_on_time(lot)
    session.refresh(lot)
    assert close_on_time(lot).policy_applied == "release"
    assert [closing.round for closing in list_closings(session, lot.id)] == [1, 2]


def test_an_extension_frees_the_volume_of_conditional_needs_for_those_who_wait(session: Session) -> None:
    lot = open_pool(minimum=90, maximum=100, minimum_policy=["extend"])
    need_on(lot, 40, minimum_pool_quantity=200)
    need_on(lot, 50)
    site, actor = clinic()
    placed_on(lot, site, actor, 30, accept_waitlist=True)
    close_on_time(lot)
    assert statuses(session, lot)[30][0] == "counted"
    assert_totals_are_true(session)


def test_a_member_left_out_is_told_the_sums_it_saw(session: Session) -> None:
    lot = open_pool(minimum=None, kind="service")
    need_on(lot, 4000)
    need_on(lot, 190, minimum_pool_quantity=6000)
    site, _ = need_on(lot, 870, minimum_pool_quantity=5000)
    decided = answers.closing(close_on_time(lot))
    (line,) = [each for each in decided["excluded"] if each["establishment_id"] == str(site.id)]
    assert line["code"] == "condition_not_met"
    assert line["detail"] == (
        "Non retenu : vous demandiez au moins 5\u202f000 postes réunis ; il y en avait 5\u202f060, puis 4\u202f870 après le "
        "départ d'un établissement dont la condition n'était pas remplie."
    )


def test_packs_take_from_tolerances_and_needs_remember_what_was_ordered(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None, order_multiple=100)
    need_on(lot, 60, tolerance=20)
    need_on(lot, 30)
    closing = close_on_time(lot)
    assert closing.ordered_quantity == 100
    assert {quantity: ordered for quantity, (_, _, ordered) in statuses(session, lot).items()} == {60: 70, 30: 30}


def test_price_conditions_stay_open_until_the_award(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=None)
    need_on(lot, 60, maximum_unit_price=Decimal("4.10"))
    (line,) = answers.closing(close_on_time(lot))["included"]
    assert line["code"] == "subject_to_price"
    assert line["detail"] == "Retenu sous réserve du prix : 4,10 € HT au plus, à vérifier à l'attribution."


def test_each_grappe_is_decided_on_its_own_when_the_minimum_is_per_grappe(session: Session) -> None:
    lot = open_pool(minimum=100, minimum_scope="grappe", minimum_policy=["release"])
    (one, one_actor), (two, two_actor) = clinic(), clinic()
    strong, weak = grappe_of(one, clinic()[0]), grappe_of(two, clinic()[0])
    placed_on(lot, one, one_actor, 120, grappe_id=strong.id)
    placed_on(lot, two, two_actor, 90, grappe_id=weak.id)
    decided = answers.closing(close_on_time(lot))
    groups = {group["grappe_id"]: (group["outcome"], group["ordered_quantity"]) for group in decided["groups"]}
    assert groups == {str(strong.id): ("met", 120), str(weak.id): ("not_met", 0)}
    assert (decided["outcome"], decided["ordered_quantity"], decided["policy_applied"]) == ("not_met", 120, "release")
    assert claims(session) == 1
    assert_totals_are_true(session)


def test_the_scheduler_closes_what_is_due_and_nothing_else(session: Session) -> None:
    due = open_pool(minimum=None)
    later = open_pool(minimum=None, needs_close_at=due.needs_close_at + timedelta(days=1))
    assert close_due_lots() == 0
    with clock.frozen_at(due.needs_close_at):
        assert close_due_lots() == 1
        assert close_due_lots() == 0
    assert list_closings(session, later.id) == []


def test_a_draft_and_a_cancelled_lot_are_not_closed(session: Session) -> None:
    lot = open_pool(minimum=None)
    session.execute(text("UPDATE lots SET cancelled_at = now()"))
    session.commit()
    session.expire_all()
    assert refused(close_lot, SYSTEM, lot.id, reason="fin").code == "lot_not_open"


def test_when_a_vehicle_is_over_its_volumes_are_free_again(session: Session) -> None:
    lot = open_pool(minimum=None)
    need_on(lot, 10)
    close_on_time(lot)
    with clock.frozen_at(clock.now() + timedelta(days=3000)):
        assert end_lots() == 1
        assert end_lots() == 0
    assert claims(session) == 0
    assert_totals_are_true(session)
