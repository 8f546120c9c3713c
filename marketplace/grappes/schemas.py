"""Shapes of the grappes API."""
import marshmallow as ma

from marketplace.grappes.models import RUNNING
from marketplace.grappes.rules.charter import LEGAL_FORMS, LONGEST_NOTICE_DAYS, PRESETS, SHARING_RULES, VOTING_RULES
from marketplace.platform.api import Identifier, Schema
from marketplace.platform.pagination import PageArgs

GRAPPE_STATUSES = ("forming", "active", "dissolved")
MEMBER_STATUSES = (*RUNNING, "left", "excluded")
LARGEST_GRAPPE = 10_000


def _one_of(words: tuple[str, ...]) -> ma.validate.OneOf:
    return ma.validate.OneOf(words)


def _codes() -> ma.fields.List:
    return ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(max=40)), validate=ma.validate.Length(max=100)
    )


class TermsIn(Schema):
    """Parameters of a charter; what is left out is as the preset says (or, when amending, as it was)."""

    territory = _codes()
    quorum = ma.fields.Integer(strict=True, validate=ma.validate.Range(min=0, max=LARGEST_GRAPPE))
    maximum_members = ma.fields.Integer(
        strict=True, allow_none=True, validate=ma.validate.Range(min=1, max=LARGEST_GRAPPE)
    )
    voting_rule = ma.fields.String(validate=_one_of(VOTING_RULES))
    coordinator_enters_needs = ma.fields.Boolean()
    exit_notice_days = ma.fields.Integer(strict=True, validate=ma.validate.Range(min=0, max=LONGEST_NOTICE_DAYS))
    lock_in = ma.fields.Boolean()
    shortfall_sharing = ma.fields.String(validate=_one_of(SHARING_RULES))
    surplus_sharing = ma.fields.String(validate=_one_of(SHARING_RULES))


class GrappeIn(TermsIn):
    """A grappe to found."""

    name = ma.fields.String(
        required=True,
        validate=[ma.validate.Length(min=1, max=120), ma.validate.Regexp(r"\s*\S")],
    )
    coordinator_establishment_id = Identifier(required=True)
    legal_form = ma.fields.String(required=True, validate=_one_of(LEGAL_FORMS))
    categories = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(max=40)),
        required=True,
        validate=ma.validate.Length(min=1, max=100),
        metadata={"description": "codes of service categories"},
    )
    preset = ma.fields.String(
        validate=_one_of(PRESETS), metadata={"description": "by default the legal form's usual one"}
    )


class AmendmentIn(TermsIn):
    """Parameters to change in the charter; the others stay."""

    legal_form = ma.fields.String(validate=_one_of(LEGAL_FORMS))
    preset = ma.fields.String(validate=_one_of(PRESETS))
    categories = _codes()


class EstablishmentIn(Schema):
    """The establishment concerned."""

    establishment_id = Identifier(required=True)


class AcceptanceIn(Schema):
    """The charter that was read; when given it must be the one in force."""

    charter_hash = ma.fields.String(validate=ma.validate.Length(max=64))


class ReasonIn(Schema):
    """Why; those concerned read it."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=2000))


class GrappeArgs(PageArgs):
    """Filters of the list."""

    mine = ma.fields.Boolean(load_default=False)
    category = ma.fields.String(load_default=None)
    status = ma.fields.String(load_default=None, validate=_one_of(GRAPPE_STATUSES))
    q = ma.fields.String(load_default=None, validate=ma.validate.Length(max=200))


class CharterArgs(Schema):
    """Which version; the one in force by default."""

    version = ma.fields.Integer(load_default=None, validate=ma.validate.Range(min=1, max=1_000_000))


class TermsOut(Schema):
    """Parameters of a charter."""

    preset = ma.fields.String(required=True, validate=_one_of(PRESETS))
    legal_form = ma.fields.String(required=True, validate=_one_of(LEGAL_FORMS))
    categories = ma.fields.List(ma.fields.String(), required=True)
    territory = ma.fields.List(ma.fields.String(), required=True)
    quorum = ma.fields.Integer(required=True)
    maximum_members = ma.fields.Integer(required=True, allow_none=True)
    voting_rule = ma.fields.String(required=True, validate=_one_of(VOTING_RULES))
    coordinator_enters_needs = ma.fields.Boolean(required=True)
    exit_notice_days = ma.fields.Integer(required=True)
    lock_in = ma.fields.Boolean(required=True)
    shortfall_sharing = ma.fields.String(required=True, validate=_one_of(SHARING_RULES))
    surplus_sharing = ma.fields.String(required=True, validate=_one_of(SHARING_RULES))


class CharterOut(Schema):
    """A version of a charter: its parameters, its text, and the hash that a signature is for."""

    grappe_id = Identifier(required=True)
    version = ma.fields.Integer(required=True)
    terms = ma.fields.Nested(TermsOut, required=True, attribute="parameters")
    text = ma.fields.String(required=True)
    charter_hash = ma.fields.String(required=True, attribute="hash")
    created_at = ma.fields.AwareDateTime(required=True)


class MembershipOut(Schema):
    """An establishment's way through a grappe; `leaves_on` is a day in Paris."""

    grappe_id = Identifier(required=True)
    establishment_id = Identifier(required=True)
    status = ma.fields.String(required=True)
    is_coordinator = ma.fields.Boolean(required=True)
    joined_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    charter_hash = ma.fields.String(required=True, allow_none=True)
    leaves_on = ma.fields.Date(required=True, allow_none=True)


class GrappeMemberOut(Schema):
    """A member as those see it who may see names."""

    establishment_id = Identifier(required=True)
    name = ma.fields.String(required=True, attribute="establishment.name")
    status = ma.fields.String(required=True, validate=_one_of(MEMBER_STATUSES))
    is_coordinator = ma.fields.Boolean(required=True, attribute="membership.is_coordinator")
    joined_at = ma.fields.AwareDateTime(required=True, allow_none=True, attribute="membership.joined_at")
    leaves_on = ma.fields.Date(required=True, allow_none=True, attribute="membership.leaves_on")


class GrappeCardOut(Schema):
    """A grappe as everybody sees it who sees it at all."""

    id = Identifier(required=True)
    name = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=_one_of(GRAPPE_STATUSES))
    legal_form = ma.fields.String(required=True, validate=_one_of(LEGAL_FORMS))
    categories = ma.fields.List(ma.fields.String(), required=True)
    territory = ma.fields.List(ma.fields.String(), required=True)
    quorum = ma.fields.Integer(required=True)
    maximum_members = ma.fields.Integer(required=True, allow_none=True)
    members_count = ma.fields.Integer(required=True)
    founded_at = ma.fields.AwareDateTime(required=True)
    activated_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    dissolved_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class GrappesOut(Schema):
    """A page of grappes."""

    items = ma.fields.List(ma.fields.Nested(GrappeCardOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class GrappeOut(GrappeCardOut):
    """A grappe as this reader sees it.

    Outsiders find only their own establishments in `members`, `members_visible` false, and null for the coordinator
    and the charter's version and hash.
    """

    members_visible = ma.fields.Boolean(required=True)
    members = ma.fields.List(ma.fields.Nested(GrappeMemberOut), required=True)
    coordinator_establishment_id = Identifier(required=True, allow_none=True)
    terms = ma.fields.Nested(TermsOut, required=True)
    charter_version = ma.fields.Integer(required=True, allow_none=True)
    charter_hash = ma.fields.String(required=True, allow_none=True)
    dissolution_reason = ma.fields.String(required=True, allow_none=True)


class PoolEffectOut(Schema):
    """What leaving would do to one pool, in the lot's unit."""

    lot_id = Identifier(required=True)
    lot_title = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    before = ma.fields.Integer(required=True)
    after = ma.fields.Integer(required=True)
    minimum = ma.fields.Integer(required=True, allow_none=True)
    falls_below = ma.fields.Boolean(required=True)
    establishments_told = ma.fields.Integer(required=True)


class LeavingOut(Schema):
    """What leaving today would mean: when it takes effect, and what becomes of the pools."""

    notice_days = ma.fields.Integer(required=True)
    leaves_on = ma.fields.Date(required=True)
    effects = ma.fields.List(ma.fields.Nested(PoolEffectOut), required=True)
