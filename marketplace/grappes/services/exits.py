"""Use cases on going out: leave with notice, take it back, exclude with a reason, end the notices that are over."""
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.establishments.queries import get_establishment
from marketplace.grappes import notices, queries, steps
from marketplace.grappes.events import MembershipEnding
from marketplace.grappes.models import Charter, Grappe, GrappeMembership
from marketplace.grappes.rules import membership as rules
from marketplace.grappes.rules.charter import CharterTerms
from marketplace.platform import audit, clock, events
from marketplace.platform.database import transaction
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import SYSTEM, Actor, require


def leave_grappe(actor: Actor, grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Give notice for one's own establishment: `leaving` until the day the charter says, `left` at once without notice.

    Rooms above may refuse (a firm need is open and the charter locks in). RuleBroken `coordinator_hands_over_first`,
    `already_leaving`, `not_a_member`.
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        membership = _visible(session, actor, grappe, establishment_id)
        own_id = get_establishment(session, establishment_id).organisation_id
        require(actor, "grappe.leave", own=own_id)
        rules.check_can_leave(membership.status, membership.is_coordinator)
        terms = _signed_terms(session, membership)
        notice = rules.notice_days(terms.exit_notice_days, grappe.status)
        membership.notice_given_at = clock.now()
        membership.leaves_on = rules.leaving_day(clock.today(), notice)
        session.flush()
        events.announce(
            session, MembershipEnding(grappe_id, establishment_id, membership.leaves_on, lock_in=terms.lock_in)
        )
        if rules.is_due(membership.leaves_on, clock.today()):
            steps.end_membership(session, membership, "left")
        audit.record(
            session, actor, "grappe.notice_given", "grappe", grappe_id, organisation_id=own_id,
            after={"establishment_id": str(establishment_id), "leaves_on": membership.leaves_on.isoformat()},
        )  # fmt: skip
        notices.leaving(session, grappe, get_establishment(session, establishment_id), membership.leaves_on)
        return membership


def take_notice_back(actor: Actor, grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Stay after all, while the notice runs. RuleBroken `not_leaving` when none does."""
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        membership = _visible(session, actor, grappe, establishment_id)
        own_id = get_establishment(session, establishment_id).organisation_id
        require(actor, "grappe.leave", own=own_id)
        rules.check_can_stay(membership.status)
        membership.notice_given_at = membership.leaves_on = None
        session.flush()
        audit.record(
            session, actor, "grappe.notice_taken_back", "grappe", grappe_id, organisation_id=own_id,
            after={"establishment_id": str(establishment_id)},
        )  # fmt: skip
        notices.staying(session, grappe, get_establishment(session, establishment_id))
        return membership


def exclude_member(actor: Actor, grappe_id: UUID, establishment_id: UUID, *, reason: str) -> GrappeMembership:
    """Put a member out at once, saying why; its needs counted in the grappe are released by the rooms above."""
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        coordinator_id = steps.coordinator_organisation(session, grappe)
        membership = _visible(session, actor, grappe, establishment_id)
        require(actor, "grappe.exclude", coordinator=coordinator_id)
        rules.check_not_dissolved(grappe.status)
        rules.check_can_be_excluded(membership.status, membership.is_coordinator)
        reason = rules.check_reason(reason)
        steps.end_membership(session, membership, "excluded", reason=reason)
        audit.record(
            session, actor, "grappe.excluded", "grappe", grappe_id, organisation_id=coordinator_id,
            after={"establishment_id": str(establishment_id), "reason": reason},
        )  # fmt: skip
        notices.excluded(session, grappe, get_establishment(session, establishment_id), reason)
        return membership


def end_due_memberships() -> int:
    """End every notice that is over today (Paris); how many ended. Run by the scheduler; running it twice is harmless.

    `queries.next_check` says when it is worth running again.
    """
    with transaction() as session:
        due = select(GrappeMembership.grappe_id).where(
            GrappeMembership.ended_at.is_(None), GrappeMembership.leaves_on <= clock.today()
        )
        # Roots first and in id order, as every other use case: no deadlock with somebody leaving or joining meanwhile.
        grappes = session.scalars(
            select(Grappe).where(Grappe.id.in_(due)).order_by(Grappe.id).with_for_update()
        ).all()
        return sum(_end_due(session, grappe) for grappe in grappes)


def _end_due(session: Session, grappe: Grappe) -> int:
    memberships = session.scalars(
        select(GrappeMembership)
        .where(
            GrappeMembership.grappe_id == grappe.id,
            GrappeMembership.ended_at.is_(None),
            GrappeMembership.leaves_on <= clock.today(),
        )
        .order_by(GrappeMembership.id)
    ).all()
    for membership in memberships:
        steps.end_membership(session, membership, "left")
        establishment = get_establishment(session, membership.establishment_id)
        audit.record(
            session, SYSTEM, "grappe.left", "grappe", grappe.id, organisation_id=establishment.organisation_id,
            after={"establishment_id": str(establishment.id)},
        )  # fmt: skip
        notices.left(session, grappe, establishment)
    if memberships:
        grappe.version += 1
    return len(memberships)


def _signed_terms(session: Session, membership: GrappeMembership) -> CharterTerms:
    """What binds a member is the version it signed."""
    charter = session.get_one(Charter, membership.charter_id)
    return CharterTerms.from_parameters(charter.parameters)


def _visible(session: Session, actor: Actor, grappe: Grappe, establishment_id: UUID) -> GrappeMembership:
    """The running membership, for its own organisation and for those who see the members; NotFound otherwise."""
    membership = queries.find_membership(session, grappe.id, establishment_id)
    organisation_id = get_establishment(session, establishment_id).organisation_id
    is_own = organisation_id in actor.organisation_ids()
    if membership is None or not (is_own or queries.sees_members(session, actor, grappe.id)):
        raise NotFound("membership")
    return membership
