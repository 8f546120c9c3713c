"""Use cases on a grappe as a whole: found it, amend its charter, activate, hand over its coordination, dissolve."""
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.categories.queries import list_categories
from marketplace.establishments.queries import get_establishment
from marketplace.establishments.territory import REGIONS
from marketplace.grappes import claims, notices, queries, steps
from marketplace.grappes.events import GrappeDissolved
from marketplace.grappes.models import Charter, Grappe, GrappeMembership
from marketplace.grappes.rules import charter as charters
from marketplace.grappes.rules import membership as rules
from marketplace.platform import audit, clock, events
from marketplace.platform.database import new_id, transaction
from marketplace.platform.permissions import Actor, require


def found_grappe(
    actor: Actor,
    *,
    name: str,
    coordinator_establishment_id: UUID,
    legal_form: str,
    categories: Collection[str],
    preset: str | None = None,
    **parameters: Any,
) -> Grappe:
    """Found a grappe: charter version 1 from a preset and what was chosen otherwise, signed by its coordinator.

    `parameters`: fields of CharterTerms. Refusals: BadInput on unknown words, `quorum_too_small`,
    `maximum_below_quorum`, `preset_does_not_fit_the_form`, who may not be in a grappe, `already_pooled_elsewhere`.
    """
    with transaction() as session:
        coordinator = get_establishment(session, coordinator_establishment_id)
        require(actor, "grappe.found", own=coordinator.organisation_id)
        terms = charters.terms_from(legal_form, categories, preset, **parameters)
        _check_terms(session, terms)
        grappe = Grappe(
            id=new_id(), name=name.strip(), coordinator_establishment_id=coordinator.id, legal_form=legal_form,
            territory=list(terms.territory), quorum=terms.quorum, maximum_members=terms.maximum_members,
        )  # fmt: skip
        steps.check_may_enter(session, grappe, coordinator)
        session.add(grappe)
        session.flush()
        charter = steps.write_charter(session, grappe, terms, coordinator)
        membership = GrappeMembership(
            id=new_id(), grappe_id=grappe.id, establishment_id=coordinator.id, is_coordinator=True,
            invited_at=clock.now(), joined_at=clock.now(), charter_id=charter.id, charter_hash=charter.hash,
        )  # fmt: skip
        session.add(membership)
        steps.sign(session, actor, grappe, membership, charter)
        audit.record(
            session, actor, "grappe.founded", "grappe", grappe.id, organisation_id=coordinator.organisation_id,
            after={"name": grappe.name, "charter_hash": charter.hash, **charter.parameters},
        )  # fmt: skip
        return grappe


def amend_charter(
    actor: Actor, grappe_id: UUID, *, expected_version: int | None = None, **changes: Any
) -> Charter:
    """Write the next version of the charter, while nobody but the coordinator has signed; the coordinator re-signs it.

    `changes`: fields of CharterTerms. Invitations sent before stay, but a signature of the old text is refused
    (`charter_changed`). RuleBroken `charter_already_signed` once another member has signed.
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id, expected_version)
        organisation_id = steps.coordinator_organisation(session, grappe)
        require(actor, "grappe.amend", coordinator=organisation_id)
        rules.check_not_dissolved(grappe.status)
        rules.check_may_amend(queries.count_members(session, grappe_id) - 1)
        before = queries.terms_of(session, grappe_id)
        after = charters.amended(before, **changes)
        _check_terms(session, after)
        grappe.legal_form, grappe.territory = after.legal_form, list(after.territory)
        grappe.quorum, grappe.maximum_members = after.quorum, after.maximum_members
        coordinator = get_establishment(session, grappe.coordinator_establishment_id)
        steps.check_may_enter(session, grappe, coordinator)
        charter = steps.write_charter(session, grappe, after, coordinator)
        claims.release(session, "membership", grappe.id, coordinator.id)
        steps.sign(session, actor, grappe, _membership(session, grappe, coordinator.id), charter)
        audit.record(
            session, actor, "grappe.charter_amended", "grappe", grappe.id, organisation_id=organisation_id,
            before={"changed": charters.differences(before, after)},
            after={"charter_version": charter.version, "charter_hash": charter.hash},
        )  # fmt: skip
        notices.charter_amended(session, grappe)
        return charter


def activate_grappe(actor: Actor, grappe_id: UUID) -> Grappe:
    """Start the grappe once its quorum has signed; activating an active one changes nothing.

    RuleBroken `grappe_below_quorum` (details: members, quorum, missing).
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id)
        organisation_id = steps.coordinator_organisation(session, grappe)
        require(actor, "grappe.activate", coordinator=organisation_id)
        rules.check_not_dissolved(grappe.status)
        if grappe.status == "active":
            return grappe
        members = queries.count_members(session, grappe_id)
        rules.check_quorum(members, grappe.quorum)
        grappe.activated_at = clock.now()
        session.flush()
        audit.record(
            session, actor, "grappe.activated", "grappe", grappe.id, organisation_id=organisation_id,
            after={"members": members, "quorum": grappe.quorum},
        )  # fmt: skip
        notices.activated(session, grappe)
        return grappe


def hand_over_coordination(
    actor: Actor, grappe_id: UUID, *, establishment_id: UUID, expected_version: int | None = None
) -> Grappe:
    """Make another member the coordinator; the former one stays a member.

    RuleBroken `not_a_member` or `member_is_leaving` when the successor is not a staying member.
    """
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id, expected_version)
        organisation_id = steps.coordinator_organisation(session, grappe)
        require(actor, "grappe.hand_over", coordinator=organisation_id)
        rules.check_not_dissolved(grappe.status)
        successor = queries.find_membership(session, grappe_id, establishment_id)
        rules.check_is_member(successor.status if successor else None)
        former_id = grappe.coordinator_establishment_id
        if successor is None or establishment_id == former_id:
            return grappe
        # The index allows one coordinator at a time: the former steps down before the next steps up.
        _membership(session, grappe, former_id).is_coordinator = False
        session.flush()
        successor.is_coordinator = True
        grappe.coordinator_establishment_id = establishment_id
        session.flush()
        audit.record(
            session, actor, "grappe.handed_over", "grappe", grappe.id, organisation_id=organisation_id,
            before={"coordinator": str(former_id)}, after={"coordinator": str(establishment_id)},
        )  # fmt: skip
        notices.handed_over(session, grappe, get_establishment(session, establishment_id))
        return grappe


def dissolve_grappe(
    actor: Actor, grappe_id: UUID, *, reason: str, expected_version: int | None = None
) -> Grappe:
    """End the grappe with every membership, invitation and request; claims are released; rooms above may refuse."""
    with transaction() as session:
        grappe = steps.lock_grappe(session, actor, grappe_id, expected_version)
        organisation_id = steps.coordinator_organisation(session, grappe)
        require(actor, "grappe.dissolve", coordinator=organisation_id)
        rules.check_not_dissolved(grappe.status)
        reason = rules.check_reason(reason)
        told = queries.list_member_organisations(session, grappe_id, ("invited", "requested", "member", "leaving"))
        running = session.scalars(
            select(GrappeMembership)
            .where(GrappeMembership.grappe_id == grappe_id, GrappeMembership.ended_at.is_(None))
            .order_by(GrappeMembership.id)
            .execution_options(populate_existing=True)
        ).all()
        endings = {"invited": "withdrawn", "requested": "refused"}
        for membership in running:
            steps.close_membership(session, membership, endings.get(membership.status, "left"), reason)
        grappe.dissolved_at = clock.now()
        grappe.dissolution_reason = reason
        session.flush()
        events.announce(session, GrappeDissolved(grappe.id))
        claims.release(session, "membership", grappe.id)
        audit.record(
            session, actor, "grappe.dissolved", "grappe", grappe.id, organisation_id=organisation_id,
            after={"reason": reason, "memberships_ended": len(running)},
        )  # fmt: skip
        notices.dissolved(session, grappe, told)
        return grappe


def _check_terms(session: Session, terms: charters.CharterTerms) -> None:
    charters.check_terms(terms, {category.code for category in list_categories(session)}, REGIONS)


def _membership(session: Session, grappe: Grappe, establishment_id: UUID) -> GrappeMembership:
    membership = queries.find_membership(session, grappe.id, establishment_id)
    if membership is None:
        raise RuntimeError(f"grappe {grappe.id} has lost its coordinator's membership")
    return membership
