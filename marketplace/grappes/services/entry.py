"""Use cases on coming in: invite, request, accept (which signs the charter), and end what is still pending."""
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.establishments.queries import get_establishment
from marketplace.grappes import claims, notices, queries, steps
from marketplace.grappes.models import Grappe, GrappeMembership
from marketplace.grappes.rules import membership as rules
from marketplace.grappes.rules.charter import check_signature
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor, require


def invite_establishment(actor: Actor, grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Invite an establishment, or approve its request: in both cases it becomes a member by signing.

    Refusals: `already_invited`, `already_a_member`, `grappe_full`, `outside_territory`, who may not be in a grappe.
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        organisation_id = steps.coordinator_organisation(session, grappe)
        require(actor, "grappe.invite", coordinator=organisation_id)
        rules.check_not_dissolved(grappe.status)
        establishment = get_establishment(session, establishment_id)
        membership = queries.find_membership(session, grappe_id, establishment_id)
        rules.check_can_be_invited(membership.status if membership else None)
        rules.check_room(queries.count_members(session, grappe_id), grappe.maximum_members)
        steps.check_may_enter(session, grappe, establishment)
        if membership is None:
            membership = GrappeMembership(id=new_id(), grappe_id=grappe_id, establishment_id=establishment_id)
            session.add(membership)
        membership.invited_at = clock.now()
        session.flush()
        _record(session, actor, "grappe.invited", grappe, membership, organisation_id)
        notices.invited(session, grappe, establishment)
        return membership


def approve_request(actor: Actor, grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Answer yes to a request: the establishment is invited to sign. NotFound when it has not asked."""
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        organisation_id = steps.coordinator_organisation(session, grappe)
        membership = _visible_membership(session, actor, grappe, establishment_id)
        require(actor, "grappe.invite", coordinator=organisation_id)
        rules.check_not_dissolved(grappe.status)
        rules.check_can_be_approved(membership.status)
        rules.check_room(queries.count_members(session, grappe_id), grappe.maximum_members)
        establishment = get_establishment(session, establishment_id)
        steps.check_may_enter(session, grappe, establishment)
        membership.invited_at = clock.now()
        session.flush()
        _record(session, actor, "grappe.request_approved", grappe, membership, organisation_id)
        notices.invited(session, grappe, establishment)
        return membership


def request_to_join(actor: Actor, grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Ask to join on behalf of one's own establishment; the coordinator answers, then the establishment signs.

    Refusals: `already_requested`, `already_invited`, `already_a_member`, `grappe_full`, `already_pooled_elsewhere`, …
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        establishment = get_establishment(session, establishment_id)
        require(actor, "grappe.request", own=establishment.organisation_id)
        rules.check_not_dissolved(grappe.status)
        current = queries.find_membership(session, grappe_id, establishment_id)
        rules.check_can_request(current.status if current else None)
        rules.check_room(queries.count_members(session, grappe_id), grappe.maximum_members)
        steps.check_may_enter(session, grappe, establishment)
        codes = queries.list_category_codes(session, grappe_id)
        claims.check_free(session, establishment_id, codes, "membership", grappe_id)
        membership = GrappeMembership(
            id=new_id(), grappe_id=grappe_id, establishment_id=establishment_id, requested_at=clock.now()
        )
        session.add(membership)
        session.flush()
        _record(session, actor, "grappe.requested", grappe, membership, establishment.organisation_id)
        notices.requested(session, grappe, establishment, steps.coordinator_organisation(session, grappe))
        return membership


def accept_invitation(
    actor: Actor, grappe_id: UUID, establishment_id: UUID, *, charter_hash: str | None = None
) -> GrappeMembership:
    """Sign the charter in force for one's own establishment, which becomes a member; accepting again changes nothing.

    `charter_hash`: of the text that was read. Refusals: `charter_changed`, `not_invited`, `request_pending`,
    `grappe_full`, `already_pooled_elsewhere`, who may not be in a grappe; NotAllowed for anybody but the member's own
    organisation.
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        establishment = get_establishment(session, establishment_id)
        membership = _own_or_visible(session, actor, grappe, establishment)
        require(actor, "grappe.join", own=establishment.organisation_id)
        rules.check_not_dissolved(grappe.status)
        if membership is None:
            raise rules.not_invited()
        if membership.status == "member":
            return membership
        rules.check_can_accept(membership.status)
        charter = queries.current_charter(session, grappe_id)
        check_signature(charter_hash, charter.hash)
        rules.check_room(queries.count_members(session, grappe_id), grappe.maximum_members)
        steps.check_may_enter(session, grappe, establishment)
        steps.sign(session, actor, grappe, membership, charter)
        _record(
            session, actor, "grappe.joined", grappe, membership, establishment.organisation_id,
            charter_version=charter.version, charter_hash=charter.hash,
        )  # fmt: skip
        notices.joined(session, grappe, establishment)
        return membership


def end_pending(actor: Actor, grappe_id: UUID, establishment_id: UUID, *, pending: str) -> GrappeMembership:
    """End an invitation (`pending="invited"`) or a request (`"requested"`), from either side.

    The establishment declines or takes back; the coordinator withdraws or refuses. NotFound when nothing is pending.
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        coordinator_id = steps.coordinator_organisation(session, grappe)
        membership = _visible_membership(session, actor, grappe, establishment_id)
        establishment = get_establishment(session, establishment_id)
        own_id = establishment.organisation_id
        require(actor, "grappe.end_pending", own=own_id, coordinator=coordinator_id)
        if membership.status != pending:
            raise NotFound("membership")
        by_establishment = own_id in actor.organisation_ids()
        ending = rules.pending_ending(pending, by_establishment=by_establishment)
        steps.end_membership(session, membership, ending)
        _record(
            session, actor, f"grappe.{pending}_{ending}", grappe, membership,
            own_id if by_establishment else coordinator_id,
        )  # fmt: skip
        other_side = coordinator_id if by_establishment else own_id
        notices.pending_ended(session, grappe, establishment, pending, ending, other_side)
        return membership


def _visible_membership(
    session: Session, actor: Actor, grappe: Grappe, establishment_id: UUID
) -> GrappeMembership:
    establishment = get_establishment(session, establishment_id)
    membership = _own_or_visible(session, actor, grappe, establishment)
    if membership is None:
        raise NotFound("membership")
    return membership


def _own_or_visible(
    session: Session, actor: Actor, grappe: Grappe, establishment: Establishment
) -> GrappeMembership | None:
    """The running membership; NotFound for a stranger who may not even know whether there is one."""
    membership = queries.find_membership(session, grappe.id, establishment.id)
    if establishment.organisation_id in actor.organisation_ids() or actor.is_system:
        return membership
    if membership is None or not queries.sees_members(session, actor, grappe.id):
        raise NotFound("membership")
    return membership


def _record(
    session: Session, actor: Actor, action: str, grappe: Grappe, membership: GrappeMembership,
    organisation_id: UUID, **facts: object,
) -> None:  # fmt: skip
    audit.record(
        session, actor, action, "grappe", grappe.id, organisation_id=organisation_id,
        after={"establishment_id": str(membership.establishment_id), "status": membership.status, **facts},
    )  # fmt: skip
