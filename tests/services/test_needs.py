"""Placing, changing, signing and withdrawing needs; what counts, what waits, and that totals stay true."""
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.grappes.models import PoolingClaim
from marketplace.platform import clock
from marketplace.platform.audit import Act, told
from marketplace.platform.errors import BadInput, DomainError, NotAllowed, NotFound, StaleVersion
from tenders.demand.models import Need
from tenders.demand.queries import get_standing
from tenders.demand.rules.placing import Wish
from tenders.demand.rules.pool import Contribution
from tenders.demand.services import put_need, return_need, sign_need, withdraw_need
from tenders.demand.services.needs import placing_of
from tenders.demand.writing import Change, Overtaken, Placing, place
from tests.factories.accounts import user_in
from tests.factories.demand import (
    assert_totals_are_true,
    clinic,
    need_on,
    open_pool,
    placed_on,
    sister,
    totals_of,
)
from tests.factories.grappes import grappe_of
from tests.factories.vehicles import LotFactory


def refused(call: Any, *args: Any, **facts: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        call(*args, **facts)
    return refusal.value


def need_of(session: Session, lot: Any, site: Any) -> Need:
    return session.get_one(Need, (lot.id, site.id), populate_existing=True)


def outbox(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT payload ->> 'template' FROM outbox WHERE kind = 'notification' ORDER BY id")))


def test_a_firm_need_counts_once_a_signatory_sends_it(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    state = placed_on(lot, site, actor, 300, tolerance=20)
    assert (state.status, state.version, state.created) == ("counted", 1, True)
    assert (state.exposure.excl_vat, state.exposure.incl_vat) == (Decimal("44280.00"), Decimal("53136.00"))
    need = need_of(session, lot, site)
    assert (need.price_ceiling, need.signed_by) == (Decimal("4.10"), actor.user_id)
    totals = totals_of(session, lot.id)
    assert (totals.firm, totals.tolerance, totals.members) == (300, 20, 1)
    assert outbox(session) == ["need_signed"]
    assert_totals_are_true(session)


def test_a_firm_need_of_a_buyer_counts_towards_nothing_until_it_is_signed(session: Session) -> None:
    lot = open_pool()
    site, signatory = clinic()
    buyer = get_actor(session, user_in(session.get_one(Organisation, site.organisation_id), ("buyer",)).id)
    assert placed_on(lot, site, buyer, 300).status == "awaiting_signature"
    totals = totals_of(session, lot.id)
    assert (totals.firm, totals.awaiting_signature, totals.members) == (0, 300, 0)
    assert isinstance(refused(sign_need, buyer, lot.id, site.id), NotAllowed)
    state = sign_need(signatory, lot.id, site.id, price_ceiling=Decimal("4.50"))
    assert (state.status, state.placed.signature and state.placed.signature.price_ceiling) == ("counted", Decimal("4.50"))
    totals = totals_of(session, lot.id)
    assert (totals.firm, totals.awaiting_signature) == (300, 0)
    assert outbox(session) == ["need_to_sign", "need_signed"]
    assert sign_need(signatory, lot.id, site.id).version == state.version
    assert_totals_are_true(session)


def test_a_token_that_may_not_sign_signs_nothing(session: Session) -> None:
    site, actor = clinic()
    without_signing = type(actor)(actor.user_id, actor.name, actor.seats, frozenset({"read", "write"}))
    assert placed_on(open_pool(), site, without_signing, 10).status == "awaiting_signature"


def test_the_signatory_may_send_a_need_back(session: Session) -> None:
    lot = open_pool()
    site, signatory = clinic()
    buyer = get_actor(session, user_in(session.get_one(Organisation, site.organisation_id), ("buyer",)).id)
    placed_on(lot, site, buyer, 300)
    assert return_need(signatory, lot.id, site.id).status == "not_counted"
    assert totals_of(session, lot.id).indicative == 300
    assert refused(return_need, signatory, lot.id, site.id).code == "nothing_to_sign"
    assert refused(sign_need, signatory, lot.id, site.id).code == "nothing_to_sign"
    assert "need_returned" in outbox(session)


def test_what_a_signatory_signed_only_a_signatory_changes_or_withdraws(session: Session) -> None:
    lot = open_pool()
    site, signatory = clinic()
    buyer = get_actor(session, user_in(session.get_one(Organisation, site.organisation_id), ("buyer",)).id)
    placed_on(lot, site, signatory, 300)
    assert placed_on(lot, site, buyer, 300).version == 1
    assert isinstance(refused(placed_on, lot, site, buyer, 299), NotAllowed)
    assert isinstance(refused(withdraw_need, buyer, lot.id, site.id), NotAllowed)
    assert totals_of(session, lot.id).firm == 300


def test_sending_the_same_need_again_changes_nothing(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    for wish in (
        Wish(10, "indicative"),
        Wish(10, "conditional", minimum_pool_quantity=5),
        Wish(10, "firm", tolerance=3),
    ):
        version = put_need(actor, lot.id, site.id, wish).version
        again = put_need(actor, lot.id, site.id, wish)
        assert (again.version, again.created) == (version, False)
    assert session.scalar(text("SELECT count(*) FROM audit_events")) == 3


def test_a_need_moves_between_firmness_grappe_and_quantity_and_totals_follow(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    grappe = grappe_of(site, clinic()[0])
    for wish in (
        Wish(10, "indicative", grappe.id),
        Wish(20, "conditional", None, minimum_pool_quantity=5),
        Wish(30, "firm", grappe.id, tolerance=4),
        Wish(5, "firm"),
        Wish(7, "conditional", grappe.id, maximum_unit_price=Decimal(3)),
    ):
        put_need(actor, lot.id, site.id, wish)
        assert_totals_are_true(session)
    assert totals_of(session, lot.id).conditional == 7


def test_a_need_is_withdrawn_with_everything_it_added(session: Session) -> None:
    lot = open_pool()
    site, actor = need_on(lot, 300)
    withdraw_need(actor, lot.id, site.id)
    assert session.get(Need, (lot.id, site.id), populate_existing=True) is None
    assert (totals_of(session, lot.id).firm, totals_of(session, lot.id).members) == (0, 0)
    assert session.scalars(select(PoolingClaim).where(PoolingClaim.kind == "need")).all() == []
    assert isinstance(refused(withdraw_need, actor, lot.id, site.id), NotFound)
    assert_totals_are_true(session)


def test_an_older_version_is_refused(session: Session) -> None:
    lot = open_pool()
    site, actor = need_on(lot, 300)
    placed_on(lot, site, actor, 200)
    assert isinstance(refused(put_need, actor, lot.id, site.id, Wish(100, "firm"), expected_version=1), StaleVersion)
    assert isinstance(refused(withdraw_need, actor, lot.id, site.id, expected_version=1), StaleVersion)
    assert put_need(actor, lot.id, site.id, Wish(100, "firm"), expected_version=2).version == 3


def test_strangers_place_nothing_and_a_draft_does_not_exist(session: Session) -> None:
    lot = open_pool()
    site, _ = clinic()
    _, stranger = clinic()
    assert isinstance(refused(placed_on, lot, site, stranger, 1), NotAllowed)
    site, actor = clinic()
    assert isinstance(refused(placed_on, LotFactory(), site, actor, 1), NotFound)


def test_needs_close_when_their_date_has_come(session: Session) -> None:
    lot = open_pool()
    site, actor = need_on(lot, 10)
    with clock.frozen_at(lot.needs_close_at):
        assert refused(placed_on, lot, site, actor, 11).code == "needs_closed"
        assert refused(withdraw_need, actor, lot.id, site.id).code == "needs_closed"


def test_a_conditional_need_without_condition_is_refused(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    assert isinstance(refused(placed_on, lot, site, actor, 1, firmness="conditional"), BadInput)


def test_the_maximum_refuses_with_what_is_left_and_takes_what_fits(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    need_on(lot, 70)
    site, actor = clinic()
    refusal = refused(placed_on, lot, site, actor, 31)
    assert (refusal.code, refusal.details["available"], refusal.details["maximum"]) == ("lot_maximum_reached", 30, 100)
    assert placed_on(lot, site, actor, 30).status == "counted"
    assert refused(placed_on, lot, site, actor, 31).details["available"] == 30
    assert_totals_are_true(session)


def test_conditional_needs_weigh_on_the_maximum_too_and_indicative_ones_do_not(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    need_on(lot, 70, minimum_pool_quantity=500)
    need_on(lot, 900, firmness="indicative")
    site, actor = clinic()
    assert refused(placed_on, lot, site, actor, 31).code == "lot_maximum_reached"


def test_the_waiting_list_is_served_by_rank_skipping_what_does_not_fit(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    leaving, leaver = need_on(lot, 60)
    need_on(lot, 40)
    waiting = [clinic() for _ in range(3)]
    ranks = [
        placed_on(lot, site, actor, quantity, accept_waitlist=True).rank
        for (site, actor), quantity in zip(waiting, (30, 50, 20), strict=True)
    ]
    assert ranks == [1, 2, 3]
    assert totals_of(session, lot.id).waitlisted == 100
    withdraw_need(leaver, lot.id, leaving.id)
    statuses = [need_of(session, lot, site).status for site, _ in waiting]
    assert statuses == ["counted", "waitlisted", "counted"]
    totals = totals_of(session, lot.id)
    assert (totals.firm, totals.waitlisted) == (90, 50)
    assert outbox(session).count("need_promoted") == 2
    assert_totals_are_true(session)


def test_a_smaller_need_frees_volume_for_those_who_wait(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    site, actor = need_on(lot, 100)
    waiting, waiter = clinic()
    placed_on(lot, waiting, waiter, 30, accept_waitlist=True)
    placed_on(lot, site, actor, 80)
    assert need_of(session, lot, waiting).status == "waitlisted"
    placed_on(lot, site, actor, 70)
    assert need_of(session, lot, waiting).status == "counted"
    assert_totals_are_true(session)


def test_a_need_that_grows_onto_the_waiting_list_releases_what_it_had(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    site, actor = need_on(lot, 50)
    waiting, waiter = clinic()
    placed_on(lot, waiting, waiter, 60, accept_waitlist=True)
    state = placed_on(lot, site, actor, 120, accept_waitlist=True)
    assert (state.status, state.rank) == ("waitlisted", 1)  # who waited has come off the list
    assert need_of(session, lot, waiting).status == "counted"
    assert totals_of(session, lot.id).firm == 60
    assert_totals_are_true(session)


def test_one_category_is_pooled_in_one_lot_at_a_time(session: Session) -> None:
    first, second = open_pool(), open_pool()
    site, actor = need_on(first, 10)
    refusal = refused(placed_on, second, site, actor, 10)
    label = f"{first.code} · {first.title} ({first.vehicle.name})"  # lots of two vehicles may have the same title
    assert (refusal.code, refusal.details["label"]) == ("already_pooled_elsewhere", label)
    assert placed_on(second, site, actor, 10, firmness="indicative").status == "not_counted"
    withdraw_need(actor, first.id, site.id)
    assert placed_on(second, site, actor, 10).status == "counted"
    assert_totals_are_true(session)


def test_who_pools_elsewhere_by_now_is_passed_over_on_the_waiting_list(session: Session) -> None:
    full, other = open_pool(minimum=None, maximum=10), open_pool()
    leaving, leaver = need_on(full, 10)
    site, actor = clinic()
    placed_on(full, site, actor, 10, accept_waitlist=True)
    next_site, next_actor = clinic()
    placed_on(full, next_site, next_actor, 10, accept_waitlist=True)
    placed_on(other, site, actor, 10)
    withdraw_need(leaver, full.id, leaving.id)
    assert need_of(session, full, site).status == "waitlisted"
    assert need_of(session, full, next_site).status == "counted"
    assert_totals_are_true(session)


def test_organisations_behind_a_grappe_are_counted_once_each(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    same_house, (other, other_actor) = sister(site), clinic()
    grappe = grappe_of(site, same_house, other)
    for place_of, who in ((site, actor), (same_house, actor), (other, other_actor)):
        placed_on(lot, place_of, who, 10, grappe_id=grappe.id)
    count = text("SELECT organisations FROM lot_grappe_totals WHERE lot_id = :lot_id")
    assert session.scalar(count, {"lot_id": lot.id}) == 2
    withdraw_need(actor, lot.id, site.id)
    assert session.scalar(count, {"lot_id": lot.id}) == 2
    withdraw_need(actor, lot.id, same_house.id)
    assert session.scalar(count, {"lot_id": lot.id}) == 1
    assert_totals_are_true(session)


def test_a_coordinator_enters_needs_for_members_only_where_the_charter_says_so(session: Session) -> None:
    coordinating, coordinator = clinic()
    member, _ = clinic()
    silent = grappe_of(coordinating, member)
    lot = open_pool()
    assert isinstance(refused(placed_on, lot, member, coordinator, 5, grappe_id=silent.id), NotAllowed)
    coordinating, coordinator = clinic()
    member, _ = clinic()
    mandated = grappe_of(coordinating, member, coordinator_enters_needs=True)
    state = placed_on(lot, member, coordinator, 5, grappe_id=mandated.id)
    assert state.status == "awaiting_signature"


def test_a_vehicle_may_refuse_needs_without_a_grappe(session: Session) -> None:
    lot = open_pool()
    session.execute(text("UPDATE vehicles SET allows_individual_needs = false"))
    site, actor = clinic()
    assert refused(placed_on, lot, site, actor, 5).code == "grappe_required"
    grappe = grappe_of(site, clinic()[0], is_active=False)
    assert refused(placed_on, lot, site, actor, 5, grappe_id=grappe.id).code == "grappe_not_active"


def test_a_write_decided_on_a_need_that_moved_since_writes_nothing(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    leaving, leaver = need_on(lot, 100)
    site, actor = clinic()
    placed_on(lot, site, actor, 30, accept_waitlist=True)
    stale = get_standing(session, lot.id, site.id)
    withdraw_need(leaver, lot.id, leaving.id)  # promotes the waiting need
    assert stale.former is not None
    waiting = stale.former.placed
    overtaken = Placing(
        lot.id, site.id, site.organisation_id, replace(waiting, status="counted", waitlist_number=None), stale.round,
        stale.former.version, stale.former.placed_at,
        (Change(None, site.organisation_id, Contribution(firm=30, waitlisted=-30, members=1)),), 1,
        stale.category_code, "EDR", actor.user_id,
    )  # fmt: skip
    with pytest.raises(Overtaken):
        place(session, overtaken, told(actor, Act("need.changed", "need", str(site.id))))
    session.rollback()
    assert_totals_are_true(session)


@pytest.mark.parametrize("is_placed_again", [True, False])
def test_a_write_decided_on_a_need_withdrawn_since_writes_nothing(session: Session, is_placed_again: bool) -> None:
    lot = open_pool()
    site, actor = need_on(lot, 30)
    stale = get_standing(session, lot.id, site.id)
    withdraw_need(actor, lot.id, site.id)
    if is_placed_again:
        placed_on(lot, site, actor, 50)  # at version 1, as the one withdrawn was
    assert stale.former is not None
    grown = replace(stale.former.placed, wish=Wish(40, "firm"))
    with pytest.raises(Overtaken):
        place(session, placing_of(actor, stale, site.id, grown), told(actor, Act("need.changed", "need", str(site.id))))
    session.rollback()
    assert_totals_are_true(session)


def test_a_need_survives_a_clock_that_moves(session: Session) -> None:
    lot = open_pool()
    site, actor = need_on(lot, 10)
    with clock.frozen_at(clock.now() + timedelta(days=1)):
        placed_on(lot, site, actor, 11)
    need = need_of(session, lot, site)
    assert need.changed_at - need.placed_at > timedelta(hours=23)
