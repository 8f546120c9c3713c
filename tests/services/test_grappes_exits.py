"""Going out of a grappe: notice, lock-in, exclusion, and the scheduler that ends notices."""
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from marketplace.grappes import queries, sights
from marketplace.grappes.events import LeavingEffects, MembershipEnded, MembershipEnding, PoolEffect
from marketplace.grappes.models import GrappeMembership, PoolingClaim
from marketplace.grappes.services import entry, exits
from marketplace.platform import clock, events
from marketplace.platform.database import new_id
from marketplace.platform.errors import BadInput, NotAllowed, NotFound, RuleBroken
from tests.factories.grappes import grappe_of, site_and_user

NOON = datetime(2027, 2, 1, 11, 0, tzinfo=UTC)


@pytest.fixture
def site_and_actor(session, actor_for):
    """`site_and_actor()` is an establishment with somebody who signs for it."""

    def build(roles=("admin", "signatory", "buyer"), **facts):
        site, user = site_and_user(roles, **facts)
        return site, actor_for(user)

    return build


@pytest.fixture
def heard(monkeypatch):
    """What was announced, in order; nobody else listens meanwhile."""
    announced = []
    for event_type in (MembershipEnding, MembershipEnded):
        monkeypatch.setitem(events._listeners, event_type, [lambda _session, event: announced.append(event)])
    return announced


def is_pooled(session, site):
    return session.scalars(select(PoolingClaim).where(PoolingClaim.establishment_id == site.id)).first() is not None


def test_member_stays_bound_until_its_notice_is_over(session, site_and_actor, heard):
    first, _ = site_and_actor()
    second, actor = site_and_actor()
    grappe = grappe_of(first, second, exit_notice_days=30, lock_in=True)
    with clock.frozen_at(NOON):
        membership = exits.leave_grappe(actor, grappe.id, second.id)
        assert (membership.status, membership.leaves_on) == ("leaving", date(2027, 3, 3))
        assert queries.is_member(session, grappe.id, second.id)
        assert is_pooled(session, second)
        assert exits.end_due_memberships() == 0
    assert heard == [MembershipEnding(grappe.id, second.id, date(2027, 3, 3), lock_in=True)]
    assert queries.next_check(session) == date(2027, 3, 3)
    with clock.frozen_at(datetime(2027, 3, 2, 22, 59, tzinfo=UTC)):
        assert exits.end_due_memberships() == 0, "still 2 March in Paris"
    with clock.frozen_at(datetime(2027, 3, 2, 23, 1, tzinfo=UTC)):
        assert exits.end_due_memberships() == 1, "already 3 March in Paris"
        assert exits.end_due_memberships() == 0
    assert membership.status == "left"
    assert not is_pooled(session, second)
    assert heard[1:] == [MembershipEnded(grappe.id, second.id)]
    assert queries.next_check(session) is None


def test_leaving_a_forming_grappe_takes_effect_at_once(session, site_and_actor, heard):
    first, _ = site_and_actor()
    second, actor = site_and_actor()
    grappe = grappe_of(first, second, exit_notice_days=30, is_active=False)
    assert exits.leave_grappe(actor, grappe.id, second.id).status == "left"
    assert [type(event) for event in heard] == [MembershipEnding, MembershipEnded]
    assert not is_pooled(session, second)


def test_rooms_above_may_refuse_a_departure(session, site_and_actor, monkeypatch):
    first, _ = site_and_actor()
    second, actor = site_and_actor()
    grappe = grappe_of(first, second)

    def refuse(_session, event):
        raise RuleBroken("firm_need_open", "Un besoin ferme est ouvert.")

    monkeypatch.setitem(events._listeners, MembershipEnding, [refuse])
    with pytest.raises(RuleBroken):
        exits.leave_grappe(actor, grappe.id, second.id)
    assert queries.find_membership(session, grappe.id, second.id).status == "member"


def test_coordinator_hands_over_before_leaving(session, site_and_actor):
    first, actor = site_and_actor()
    grappe = grappe_of(first)
    with pytest.raises(RuleBroken) as refused:
        exits.leave_grappe(actor, grappe.id, first.id)
    assert refused.value.code == "coordinator_hands_over_first"


def test_notice_is_given_once_and_may_be_taken_back(session, site_and_actor):
    first, _ = site_and_actor()
    second, actor = site_and_actor()
    grappe = grappe_of(first, second)
    with pytest.raises(RuleBroken) as refused:
        exits.take_notice_back(actor, grappe.id, second.id)
    assert refused.value.code == "not_leaving"
    exits.leave_grappe(actor, grappe.id, second.id)
    with pytest.raises(RuleBroken) as refused:
        exits.leave_grappe(actor, grappe.id, second.id)
    assert refused.value.code == "already_leaving"
    with pytest.raises(RuleBroken) as refused:
        entry.accept_invitation(actor, grappe.id, second.id)
    assert refused.value.code == "already_leaving"
    assert exits.take_notice_back(actor, grappe.id, second.id).status == "member"


def test_only_its_own_organisation_takes_an_establishment_out(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, buyer = site_and_actor(("buyer",))
    grappe = grappe_of(first, second)
    for actor in (coordinator, buyer):
        with pytest.raises(NotAllowed):
            exits.leave_grappe(actor, grappe.id, second.id)


def test_exclusion_is_immediate_says_why_and_frees_the_categories(session, site_and_actor, heard):
    first, coordinator = site_and_actor()
    second, excluded_one = site_and_actor()
    grappe = grappe_of(first, second)
    membership = exits.exclude_member(coordinator, grappe.id, second.id, reason="Ne répond plus depuis un an.")
    assert (membership.status, membership.end_reason) == ("excluded", "Ne répond plus depuis un an.")
    assert heard == [MembershipEnded(grappe.id, second.id)]
    assert not is_pooled(session, second)
    assert sights.get_sight(session, excluded_one, grappe.id).sees_members is False


def test_exclusion_needs_a_reason_a_coordinator_and_a_member(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, member = site_and_actor()
    third, _ = site_and_actor()
    grappe = grappe_of(first, second)
    with pytest.raises(BadInput):
        exits.exclude_member(coordinator, grappe.id, second.id, reason=" ")
    with pytest.raises(NotAllowed):
        exits.exclude_member(member, grappe.id, first.id, reason="Non.")
    with pytest.raises(NotFound):
        exits.exclude_member(coordinator, grappe.id, third.id, reason="Non.")
    with pytest.raises(RuleBroken) as refused:
        exits.exclude_member(coordinator, grappe.id, first.id, reason="Non.")
    assert refused.value.code == "coordinator_hands_over_first"


def test_one_who_left_may_come_back(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, actor = site_and_actor()
    grappe = grappe_of(first, second, is_active=False)
    exits.leave_grappe(actor, grappe.id, second.id)
    entry.invite_establishment(coordinator, grappe.id, second.id)
    entry.accept_invitation(actor, grappe.id, second.id)
    rows = session.scalars(
        select(GrappeMembership.status).where(GrappeMembership.establishment_id == second.id)
    ).all()
    assert sorted(rows) == ["left", "member"]
    shown = sights.get_sight(session, actor, grappe.id).members
    assert [member.status for member in shown] == ["member", "member"]


def test_preview_says_what_leaving_would_break_and_changes_nothing(session, site_and_actor, monkeypatch):
    first, _ = site_and_actor()
    second, actor = site_and_actor()
    grappe = grappe_of(first, second, exit_notice_days=30)
    harmless = PoolEffect(new_id(), "Audit", "day", 40, 35, None, 3)
    breaking = PoolEffect(new_id(), "SOC managé", "endpoint", 5010, 4710, 5000, 14)
    asked = []

    def answer(_session, question):
        asked.append(question)
        return [harmless, breaking]

    monkeypatch.setitem(events._listeners, LeavingEffects, [answer])
    with clock.frozen_at(NOON):
        preview = sights.preview_leaving(session, actor, grappe.id, second.id)
    assert (preview.notice_days, preview.leaves_on) == (30, date(2027, 3, 3))
    assert preview.effects == [breaking, harmless], "what falls below its minimum comes first"
    assert asked == [LeavingEffects(grappe.id, second.id, date(2027, 3, 3))]
    assert queries.find_membership(session, grappe.id, second.id).status == "member"


def test_preview_is_for_ones_own_establishment(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, _ = site_and_actor()
    with pytest.raises(NotFound):
        sights.preview_leaving(session, coordinator, grappe_of(first, second).id, second.id)
