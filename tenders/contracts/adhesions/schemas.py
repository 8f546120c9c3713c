"""Shapes of conventions and adhesions."""

import marshmallow as ma
from flask_smorest.fields import Upload as UploadField

from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.pagination import PageArgs

SHA256 = ma.validate.Regexp("^[0-9a-f]{64}$")


class ConventionArgs(Schema):
    """For which of one's organisations."""

    organisation_id = Identifier(required=True)


class ConventionOut(Schema):
    """What the organisation would sign: `text` is French, one paragraph a line; `sha256` is of its UTF-8.

    `yearly_fee`: euros excluding VAT a year, from the signature on; null: none.
    """

    vehicle_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    version = ma.fields.Integer(required=True)
    text = ma.fields.String(required=True)
    sha256 = ma.fields.String(required=True)
    yearly_fee = DecimalString(required=True, allow_none=True)


class AdhesionFileIn(Schema):
    """The convention signed on paper, a PDF; may be left out."""

    signed_file = UploadField(load_default=None)


class AdhesionIn(Schema):
    """Who adheres, and the SHA-256 of the text that was read."""

    class Meta:
        """The file travels beside it in the same form."""

        unknown = ma.EXCLUDE

    organisation_id = Identifier(required=True)
    convention_sha256 = ma.fields.String(required=True, validate=SHA256)


class AdhesionEndIn(Schema):
    """Why it ends: the other party reads it."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=2000))


class AdhesionArgs(PageArgs):
    """Filters of the list of adhesions."""

    vehicle_id = Identifier(load_default=None)


class AdhesionOut(Schema):
    """An adhesion: what was signed, when, what it costs a year (euros excluding VAT), and whether it ended.

    `next_fee_on`: the day the next year falls due, while the adhesion runs.
    """

    id = Identifier(required=True)
    vehicle_id = Identifier(required=True)
    vehicle = ma.fields.String(required=True, attribute="vehicle.name")
    organisation_id = Identifier(required=True)
    organisation = ma.fields.String(required=True, attribute="organisation.name")
    convention_version = ma.fields.Integer(required=True)
    convention_text = ma.fields.String(required=True)
    convention_sha256 = ma.fields.String(required=True)
    signed_at = ma.fields.AwareDateTime(required=True)
    signed_file_sha256 = ma.fields.String(required=True, allow_none=True, attribute="signed_file.sha256", dump_default=None)
    yearly_fee = DecimalString(required=True, allow_none=True)
    next_fee_on = ma.fields.Date(required=True, allow_none=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    end_reason = ma.fields.String(required=True, allow_none=True)


class AdhesionsOut(Schema):
    """A page of adhesions."""

    items = ma.fields.List(ma.fields.Nested(AdhesionOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)
