"""Shapes of the accounts API."""
import marshmallow as ma

from marketplace.platform.api import Identifier, Schema
from marketplace.platform.permissions import KINDS, ROLES, SCOPES


class OrganisationSeatOut(Schema):
    """An organisation the caller may act for."""

    id = Identifier(required=True, attribute="organisation_id")
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    roles = ma.fields.Function(lambda seat: [r for r in ROLES if r in seat.roles], metadata={"type": "array"})
    delegated = ma.fields.Boolean(required=True, metadata={"description": "held through the group's head"})


class UserOut(Schema):
    """The caller."""

    id = Identifier(required=True)
    email = ma.fields.String(required=True)
    full_name = ma.fields.String(required=True)
    locale = ma.fields.String(required=True)


class MeOut(Schema):
    """Who calls, and for whom it may act."""

    user = ma.fields.Nested(UserOut, required=True)
    organisations = ma.fields.List(ma.fields.Nested(OrganisationSeatOut), required=True)


class TokenIn(Schema):
    """A token to make."""

    name = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=100))
    scopes = ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(SCOPES)), required=True)
    days = ma.fields.Integer(load_default=90, strict=True, validate=ma.validate.Range(min=1, max=366))


class TokenOut(Schema):
    """A token as it is remembered: never its secret."""

    id = Identifier(required=True)
    name = ma.fields.String(required=True)
    hint = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)
    last_used_at = ma.fields.AwareDateTime(allow_none=True)


class NewTokenOut(TokenOut):
    """A token just made, with its secret this once."""

    secret = ma.fields.String(required=True)


class TokensOut(Schema):
    """The caller's tokens."""

    items = ma.fields.List(ma.fields.Nested(TokenOut), required=True)


class OrganisationMemberIn(Schema):
    """Somebody to bring into an organisation."""

    email = ma.fields.Email(required=True, validate=ma.validate.Length(max=320))
    full_name = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=200))
    roles = ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(ROLES)), required=True)


class MemberRolesIn(Schema):
    """The roles a member is to have."""

    roles = ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(ROLES)), required=True)


class OrganisationMemberOut(Schema):
    """A member of an organisation."""

    id = Identifier(required=True)
    user_id = Identifier(required=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    email = ma.fields.String()
    full_name = ma.fields.String()


class OrganisationMembersOut(Schema):
    """The members of an organisation, by name."""

    items = ma.fields.List(ma.fields.Nested(OrganisationMemberOut), required=True)


class OrganisationIn(Schema):
    """A legal person to register."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    name = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=200))
    siren = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=20))
    vat_number = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=20))


class OrganisationOut(Schema):
    """A legal person."""

    id = Identifier(required=True)
    kind = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    siren = ma.fields.String(allow_none=True)
    finess_ej = ma.fields.String(allow_none=True)
    vat_number = ma.fields.String(allow_none=True)
    head_organisation_id = Identifier(allow_none=True)
    delegated_roles = ma.fields.List(ma.fields.String())


class GroupIn(Schema):
    """The group's head an operator belongs to (null: none), and what the head's people may do for it."""

    head_organisation_id = Identifier(required=True, allow_none=True)
    delegated_roles = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(ROLES)), load_default=lambda: ["buyer", "contributor", "viewer"]
    )
