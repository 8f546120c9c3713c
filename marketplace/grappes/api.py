"""JSON: found a grappe, come in, go out, coordinate."""
from typing import Any
from uuid import UUID

from marketplace.grappes import queries, sights
from marketplace.grappes.models import Charter, GrappeMembership
from marketplace.grappes.schemas import (
    AcceptanceIn,
    AmendmentIn,
    CharterArgs,
    CharterOut,
    EstablishmentIn,
    GrappeArgs,
    GrappeIn,
    GrappeOut,
    GrappesOut,
    LeavingOut,
    MembershipOut,
    ReasonIn,
)
from marketplace.grappes.services import entry, exits, formation
from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound

bp = blueprint("grappes", __name__)


@bp.get("/grappes")
@guard("grappe.read")
@bp.arguments(GrappeArgs, location="query")
@bp.response(200, GrappesOut)
def list_grappes(args: dict[str, Any]) -> dict[str, Any]:
    """Grappes the caller may see: active ones, and for care operators those forming; `mine` for its own."""
    page = sights.list_grappes(db.session(), current_actor(), **args)
    return {"items": [_card(row) for row in page["items"]], "next": page["next"]}


@bp.post("/grappes")
@guard("grappe.found")
@bp.arguments(GrappeIn)
@bp.response(201, GrappeOut)
def found_grappe(body: dict[str, Any]) -> Any:
    """Found a grappe; the coordinator signs version 1 of its charter."""
    return _shown(formation.found_grappe(current_actor(), **body).id)


@bp.get("/grappes/<uuid:grappe_id>")
@guard("grappe.read")
@bp.response(200, GrappeOut)
def get_grappe(grappe_id: UUID) -> Any:
    """A grappe as the caller sees it: names only for members, the invited, the operator and the centres it pools with."""
    return _shown(grappe_id)


@bp.get("/grappes/<uuid:grappe_id>/charter")
@guard("grappe.read")
@bp.arguments(CharterArgs, location="query")
@bp.response(200, CharterOut)
def get_charter(args: dict[str, Any], grappe_id: UUID) -> Charter:
    """The charter's text and parameters, for those who may see the members it names."""
    queries.get_grappe(db.session(), current_actor(), grappe_id)
    if not queries.sees_members(db.session(), current_actor(), grappe_id):
        raise NotFound("charter")
    return queries.get_charter(db.session(), grappe_id, args["version"])


@bp.patch("/grappes/<uuid:grappe_id>/charter")
@guard("grappe.amend")
@bp.arguments(AmendmentIn)
@bp.response(200, CharterOut)
def amend_charter(body: dict[str, Any], grappe_id: UUID) -> Charter:
    """Write the next version, while nobody but the coordinator has signed."""
    return formation.amend_charter(current_actor(), grappe_id, expected_version=expected_version(), **body)


@bp.post("/grappes/<uuid:grappe_id>/activation")
@guard("grappe.activate")
@bp.response(200, GrappeOut)
def activate_grappe(grappe_id: UUID) -> Any:
    """Start the grappe once its quorum has signed."""
    return _shown(formation.activate_grappe(current_actor(), grappe_id).id)


@bp.put("/grappes/<uuid:grappe_id>/coordination")
@guard("grappe.hand_over")
@bp.arguments(EstablishmentIn)
@bp.response(200, GrappeOut)
def hand_over(body: dict[str, Any], grappe_id: UUID) -> Any:
    """Make another member the coordinator."""
    formation.hand_over_coordination(current_actor(), grappe_id, expected_version=expected_version(), **body)
    return _shown(grappe_id)


@bp.post("/grappes/<uuid:grappe_id>/dissolution")
@guard("grappe.dissolve")
@bp.arguments(ReasonIn)
@bp.response(200, GrappeOut)
def dissolve_grappe(body: dict[str, Any], grappe_id: UUID) -> Any:
    """End the grappe, saying why."""
    formation.dissolve_grappe(current_actor(), grappe_id, expected_version=expected_version(), **body)
    return _shown(grappe_id)


@bp.post("/grappes/<uuid:grappe_id>/invitations")
@guard("grappe.invite")
@bp.arguments(EstablishmentIn)
@bp.response(201, MembershipOut)
def invite(body: dict[str, Any], grappe_id: UUID) -> GrappeMembership:
    """Invite an establishment to sign the charter."""
    return entry.invite_establishment(current_actor(), grappe_id, **body)


@bp.delete("/grappes/<uuid:grappe_id>/invitations/<uuid:establishment_id>")
@guard("grappe.end_pending")
@bp.response(204)
def end_invitation(grappe_id: UUID, establishment_id: UUID) -> None:
    """Decline (the establishment) or withdraw (the coordinator) an invitation."""
    entry.end_pending(current_actor(), grappe_id, establishment_id, pending="invited")


@bp.post("/grappes/<uuid:grappe_id>/requests")
@guard("grappe.request")
@bp.arguments(EstablishmentIn)
@bp.response(201, MembershipOut)
def request_to_join(body: dict[str, Any], grappe_id: UUID) -> GrappeMembership:
    """Ask to join, for an establishment of one's own."""
    return entry.request_to_join(current_actor(), grappe_id, **body)


@bp.post("/grappes/<uuid:grappe_id>/requests/<uuid:establishment_id>/approval")
@guard("grappe.invite")
@bp.response(200, MembershipOut)
def approve_request(grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Say yes to a request: the establishment may sign."""
    return entry.approve_request(current_actor(), grappe_id, establishment_id)


@bp.delete("/grappes/<uuid:grappe_id>/requests/<uuid:establishment_id>")
@guard("grappe.end_pending")
@bp.response(204)
def end_request(grappe_id: UUID, establishment_id: UUID) -> None:
    """Take a request back (the establishment) or refuse it (the coordinator)."""
    entry.end_pending(current_actor(), grappe_id, establishment_id, pending="requested")


@bp.post("/grappes/<uuid:grappe_id>/memberships/<uuid:establishment_id>/acceptance")
@guard("grappe.join")
@bp.arguments(AcceptanceIn)
@bp.response(200, MembershipOut)
def accept(body: dict[str, Any], grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Sign the charter in force; the member's own organisation only."""
    return entry.accept_invitation(current_actor(), grappe_id, establishment_id, **body)


@bp.get("/grappes/<uuid:grappe_id>/memberships/<uuid:establishment_id>/notice")
@guard("grappe.read")
@bp.response(200, LeavingOut)
def preview_leaving(grappe_id: UUID, establishment_id: UUID) -> Any:
    """What leaving today would mean, before anything is said: the day it takes effect and the pools it would touch."""
    return sights.preview_leaving(db.session(), current_actor(), grappe_id, establishment_id)


@bp.post("/grappes/<uuid:grappe_id>/memberships/<uuid:establishment_id>/notice")
@guard("grappe.leave")
@bp.response(200, MembershipOut)
def leave(grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Give notice."""
    return exits.leave_grappe(current_actor(), grappe_id, establishment_id)


@bp.delete("/grappes/<uuid:grappe_id>/memberships/<uuid:establishment_id>/notice")
@guard("grappe.leave")
@bp.response(200, MembershipOut)
def stay(grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Take a running notice back."""
    return exits.take_notice_back(current_actor(), grappe_id, establishment_id)


@bp.post("/grappes/<uuid:grappe_id>/memberships/<uuid:establishment_id>/exclusion")
@guard("grappe.exclude")
@bp.arguments(ReasonIn)
@bp.response(200, MembershipOut)
def exclude(body: dict[str, Any], grappe_id: UUID, establishment_id: UUID) -> GrappeMembership:
    """Put a member out, saying why."""
    return exits.exclude_member(current_actor(), grappe_id, establishment_id, **body)


_CARD = (
    "id", "name", "status", "legal_form", "territory", "quorum", "maximum_members",
    "founded_at", "activated_at", "dissolved_at", "version",
)  # fmt: skip


def _card(row: Any) -> dict[str, Any]:
    return {
        **{name: getattr(row.Grappe, name) for name in _CARD},
        "categories": sorted(row.categories or []),
        "members_count": row.members_count,
    }


def _shown(grappe_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    sight = sights.get_sight(db.session(), current_actor(), grappe_id)
    grappe, charter = sight.grappe, sight.charter
    return {
        **{name: getattr(grappe, name) for name in _CARD},
        "categories": sight.categories,
        "members_count": sight.members_count,
        "members_visible": sight.sees_members,
        "members": sight.members,
        "coordinator_establishment_id": grappe.coordinator_establishment_id if sight.sees_members else None,
        "terms": sight.terms,
        "charter_version": charter.version if charter else None,
        "charter_hash": charter.hash if charter else None,
        "dissolution_reason": grappe.dissolution_reason,
    }, {"ETag": f'"{etag_of(grappe.version)}"'}
