"""Shapes of the establishments API."""
import marshmallow as ma

from marketplace.establishments.legal_statuses import SECTORS
from marketplace.establishments.rules import ACTIVITY_LEVELS, LARGEST_FIGURE, MEASURES, SIZE_BANDS
from marketplace.platform.api import DecimalString, Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs

FEW = ma.validate.Length(max=100)


class EstablishmentArgs(PageArgs):
    """Filters of the list; `q` looks for words in name, town and FINESS, without case or accents."""

    q = ma.fields.String(load_default=None, validate=ma.validate.Length(max=200))
    finess = ma.fields.String(load_default=None, validate=FEW)
    region = ma.fields.String(load_default=None, validate=FEW, metadata={"description": "INSEE code, e.g. 84"})
    department = ma.fields.String(load_default=None, validate=FEW)
    finess_category = ma.fields.String(load_default=None, validate=FEW)
    sector = ma.fields.String(load_default=None, validate=ma.validate.OneOf(SECTORS))
    size_band = ma.fields.String(load_default=None, validate=ma.validate.OneOf(SIZE_BANDS))
    mine = ma.fields.Boolean(load_default=False, metadata={"description": "only what the caller may act for"})
    closed = ma.fields.Boolean(load_default=False, metadata={"description": "closed sites too"})


class EstablishmentProfileOut(Schema):
    """Two fields (domain §4b.13); null when not known."""

    size_band = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf(SIZE_BANDS))
    activity_level = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf(ACTIVITY_LEVELS))


class EstablishmentOut(Schema):
    """An establishment as everybody sees it."""

    id = Identifier(required=True)
    finess = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    finess_category = ma.fields.String(required=True, allow_none=True)
    category_label = ma.fields.String(required=True, allow_none=True)
    sector = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf(SECTORS))
    legal_status = ma.fields.String(required=True, allow_none=True)
    espic = ma.fields.Boolean(required=True)
    siret = ma.fields.String(required=True, allow_none=True)
    region = ma.fields.String(required=True, allow_none=True)
    department = ma.fields.String(required=True, allow_none=True)
    town = ma.fields.String(required=True, allow_none=True)
    postcode = ma.fields.String(required=True, allow_none=True)
    closed_on = ma.fields.Date(required=True, allow_none=True)
    organisation_id = Identifier(required=True)
    profile = ma.fields.Nested(EstablishmentProfileOut, required=True)


class EstablishmentsOut(Schema):
    """One page of establishments, by name."""

    items = ma.fields.List(ma.fields.Nested(EstablishmentOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class EstateOut(Schema):
    """What the establishment declares of its information system; null where it does not know."""

    staff = DecimalString(required=True, allow_none=True)
    staff_declared_on = ma.fields.Date(required=True, allow_none=True)
    essential_operator = ma.fields.Boolean(required=True)
    endpoints = ma.fields.Integer(required=True, allow_none=True)
    servers = ma.fields.Integer(required=True, allow_none=True)
    users_count = ma.fields.Integer(required=True, allow_none=True)
    sites_count = ma.fields.Integer(required=True, allow_none=True)
    domains_count = ma.fields.Integer(required=True, allow_none=True)
    backup_tb = ma.fields.Integer(required=True, allow_none=True)
    vms_count = ma.fields.Integer(required=True, allow_none=True)


class EstablishmentDetailOut(EstablishmentOut):
    """One establishment; `estate` only for its own organisation and the operator."""

    estate = ma.fields.Nested(EstateOut, allow_none=True)
    version = ma.fields.Integer(required=True)


class EstateIn(Schema):
    """What to declare; what is left out stays. A null staff gives the figure back to the imports."""

    staff = Quantity(allow_none=True)
    essential_operator = ma.fields.Boolean()
    endpoints = Quantity(allow_none=True)
    servers = Quantity(allow_none=True)
    users_count = Quantity(allow_none=True)
    sites_count = Quantity(allow_none=True)
    domains_count = Quantity(allow_none=True)
    backup_tb = Quantity(allow_none=True)
    vms_count = Quantity(allow_none=True)


class ActivityBandOut(Schema):
    """From where a type of establishment counts as medium or high, and by which figure."""

    finess_category = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    measure = ma.fields.String(required=True, validate=ma.validate.OneOf(MEASURES))
    medium_from = ma.fields.Integer(required=True)
    high_from = ma.fields.Integer(required=True)
    version = ma.fields.Integer(required=True)


class ActivityBandsOut(Schema):
    """All bands; the list is short and has one page."""

    items = ma.fields.List(ma.fields.Nested(ActivityBandOut), required=True)


class ActivityBandIn(Schema):
    """New thresholds of a type."""

    measure = ma.fields.String(required=True, validate=ma.validate.OneOf(MEASURES))
    medium_from = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(min=1, max=LARGEST_FIGURE))
    high_from = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(min=1, max=LARGEST_FIGURE))


class AcceptedFinessIn(Schema):
    """Why a number whose key is wrong is accepted."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=500))


class AcceptedFinessOut(Schema):
    """An accepted number."""

    finess = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)
    accepted_at = ma.fields.AwareDateTime(required=True)
