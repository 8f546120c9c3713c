"""JSON: who am I, my tokens, the members of my organisation."""
from typing import Any
from uuid import UUID

from marketplace.accounts import organisations, queries, services
from marketplace.accounts.schemas import (
    GroupIn,
    MemberRolesIn,
    MeOut,
    NewTokenOut,
    OrganisationIn,
    OrganisationMemberIn,
    OrganisationMemberOut,
    OrganisationMembersOut,
    OrganisationOut,
    TokenIn,
    TokensOut,
)
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.permissions import require

bp = blueprint("accounts", __name__)


@bp.get("/me")
@guard("me.read")
@bp.response(200, MeOut)
def me() -> dict[str, Any]:
    """Who the caller is, and every organisation it may act for."""
    actor = current_actor()
    return {"user": queries.get_user(db.session(), actor.own_id), "organisations": actor.seats}


@bp.get("/me/tokens")
@guard("me.read")
@bp.response(200, TokensOut)
def list_tokens() -> dict[str, Any]:
    """The caller's tokens, without their secrets."""
    return {"items": queries.list_tokens(db.session(), current_actor().own_id)}


@bp.post("/me/tokens")
@guard("token.manage")
@bp.arguments(TokenIn)
@bp.response(201, NewTokenOut)
def create_token(body: dict[str, Any]) -> dict[str, Any]:
    """Make a token; its secret is in this answer and nowhere else."""
    made = services.create_token(current_actor(), **body)
    return {**{name: getattr(made.token, name) for name in NewTokenOut().fields if name != "secret"}, "secret": made.secret}


@bp.delete("/me/tokens/<uuid:token_id>")
@guard("token.manage")
@bp.response(204)
def revoke_token(token_id: UUID) -> None:
    """End a token at once."""
    services.revoke_token(current_actor(), token_id)


@bp.post("/organisations")
@guard("organisation.create")
@bp.arguments(OrganisationIn)
@bp.response(201, OrganisationOut)
def register_organisation(body: dict[str, Any]) -> Any:
    """Register a legal person: the platform operator's act."""
    return organisations.register_organisation(current_actor(), **body)


@bp.get("/organisations/<uuid:organisation_id>")
@guard("organisation.read")
@bp.response(200, OrganisationOut)
def get_organisation(organisation_id: UUID) -> Any:
    """An organisation the caller sits in."""
    return queries.get_organisation(db.session(), current_actor(), organisation_id)


@bp.put("/organisations/<uuid:organisation_id>/group")
@guard("group.join")
@bp.arguments(GroupIn)
@bp.response(200, OrganisationOut)
def join_group(body: dict[str, Any], organisation_id: UUID) -> Any:
    """Put a care operator under its group's head, and say what the head's people may do for it."""
    return organisations.join_group(current_actor(), organisation_id, **body)


@bp.get("/organisations/<uuid:organisation_id>/members")
@guard("organisation.read")
@bp.response(200, OrganisationMembersOut)
def list_members(organisation_id: UUID) -> dict[str, Any]:
    """Who sits in the organisation, with which roles."""
    organisation = queries.get_organisation(db.session(), current_actor(), organisation_id)
    require(current_actor(), "organisation.read", own=organisation.id)
    return {"items": [_member(m, u) for m, u in queries.list_members(db.session(), organisation_id)]}


@bp.post("/organisations/<uuid:organisation_id>/members")
@guard("member.manage")
@bp.arguments(OrganisationMemberIn)
@bp.response(201, OrganisationMemberOut)
def add_member(body: dict[str, Any], organisation_id: UUID) -> Any:
    """Give a person roles in the organisation."""
    return services.add_member(current_actor(), organisation_id, **body)


@bp.put("/organisations/<uuid:organisation_id>/members/<uuid:membership_id>")
@guard("member.manage")
@bp.arguments(MemberRolesIn)
@bp.response(200, OrganisationMemberOut)
def change_roles(body: dict[str, Any], organisation_id: UUID, membership_id: UUID) -> Any:
    """Replace a member's roles."""
    return services.change_roles(current_actor(), organisation_id, membership_id, **body)


@bp.delete("/organisations/<uuid:organisation_id>/members/<uuid:membership_id>")
@guard("member.manage")
@bp.response(204)
def end_membership(organisation_id: UUID, membership_id: UUID) -> None:
    """Take somebody out of the organisation."""
    services.end_membership(current_actor(), organisation_id, membership_id)


def _member(membership: Any, user: Any) -> dict[str, Any]:
    return {
        "id": membership.id,
        "user_id": user.id,
        "roles": membership.roles,
        "email": user.email,
        "full_name": user.full_name,
    }
