"""Shapes of mergers in JSON."""
import marshmallow as ma

from marketplace.grappes.rules.charter import VOTING_RULES
from marketplace.platform.api import Identifier, Schema
from tenders.demand.mergers.rules import CHOICES, OUTCOMES, RESULTS, SCOPES


class TargetIn(Schema):
    """Where the needs are to go: another lot, or a grappe of the same lot."""

    target_lot_id = Identifier(load_default=None, allow_none=True)
    target_grappe_id = Identifier(load_default=None, allow_none=True)


class VoteIn(Schema):
    """A vote; until the end the last one counts."""

    choice = ma.fields.String(required=True, validate=ma.validate.OneOf(CHOICES))


class TargetOut(Schema):
    """Somewhere the needs could go, and what counts there today in the lot's unit."""

    lot_id = Identifier(required=True, allow_none=True)
    grappe_id = Identifier(required=True, allow_none=True)
    label = ma.fields.String(required=True)
    counted = ma.fields.Integer(required=True, allow_none=True)
    closes_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class BodyOut(Schema):
    """The vote of one grappe (null: those without) by its charter's rule. Volumes in the lot's unit."""

    grappe_id = Identifier(required=True, allow_none=True)
    name = ma.fields.String(required=True, allow_none=True)
    is_host = ma.fields.Boolean(required=True)
    voting_rule = ma.fields.String(required=True, validate=ma.validate.OneOf(VOTING_RULES))
    result = ma.fields.String(required=True, validate=ma.validate.OneOf(RESULTS))
    quorum = ma.fields.Integer(required=True)
    voters = ma.fields.Integer(required=True)
    cast = ma.fields.Integer(required=True)
    yes = ma.fields.Integer(required=True)
    no = ma.fields.Integer(required=True)
    yes_volume = ma.fields.Integer(required=True)
    no_volume = ma.fields.Integer(required=True)


class OwnVoteOut(Schema):
    """A vote of one of the caller's establishments."""

    establishment_id = Identifier(required=True)
    establishment = ma.fields.String(required=True)
    quantity = ma.fields.Integer(required=True)
    choice = ma.fields.String(required=True, allow_none=True)


class MergerOut(Schema):
    """A merger: where to, until when one votes, how the vote stands, what was decided.

    `bodies` are all of them for the centre, the caller's own otherwise; `targets` only for the centre while it chooses.
    """

    lot_id = Identifier(required=True)
    round = ma.fields.Integer(required=True)
    scope = ma.fields.String(required=True, validate=ma.validate.OneOf(SCOPES))
    target = ma.fields.Nested(TargetOut, required=True, allow_none=True)
    targets = ma.fields.List(ma.fields.Nested(TargetOut), required=True)
    choose_until = ma.fields.AwareDateTime(required=True, allow_none=True)
    votes_close_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    decided_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    outcome = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf((*OUTCOMES, None)))
    bodies = ma.fields.List(ma.fields.Nested(BodyOut), required=True)
    votes = ma.fields.List(ma.fields.Nested(OwnVoteOut), required=True)
