"""Shapes of provider profiles."""
from datetime import date

import marshmallow as ma

from catalog.providers.countries import COUNTRIES
from catalog.providers.rules import DECISIONS, STANDINGS
from catalog.providers.words import DELIVERY_MODES
from marketplace.platform.api import Identifier, Quantity, Schema
from marketplace.platform.pagination import PageArgs

LENGTH = ma.validate.Length


class ProfileIn(Schema):
    """What a provider says of itself."""

    description = ma.fields.String(load_default="", validate=LENGTH(max=4000))
    regions = ma.fields.List(
        ma.fields.String(validate=LENGTH(max=3)), required=True, validate=LENGTH(max=40),
        metadata={"description": "INSEE codes of the regions served; a region not named is not served"},
    )  # fmt: skip
    delivery_modes = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(DELIVERY_MODES)), required=True, validate=LENGTH(max=4)
    )
    capacities = ma.fields.Dict(
        keys=ma.fields.String(validate=LENGTH(max=60)), values=Quantity(minimum=1), load_default=dict,
        validate=LENGTH(max=100),
        metadata={"description": "category code → units it can deliver there, all offers together; left out: no limit"},
    )  # fmt: skip
    contact_name = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=200))
    contact_email = ma.fields.Email(load_default=None, allow_none=True, validate=LENGTH(max=320))
    contact_phone = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=40))


class ProviderIn(ProfileIn):
    """A profile to open."""

    organisation_id = Identifier(required=True)


class ProfileChangesIn(ProfileIn):
    """What changes in a profile; what is left out stays."""


PROFILE_CHANGES = ProfileChangesIn(partial=True)


class ProviderArgs(PageArgs):
    """Filters of the directory."""

    category = ma.fields.String(load_default=None, metadata={"description": "has a published offer in it"})
    certificate = ma.fields.String(
        load_default=None, metadata={"description": "holds it itself, verified and valid on the day, with its prerequisite"}
    )
    hds_activities = ma.fields.List(
        ma.fields.Integer(validate=ma.validate.Range(min=1, max=99)), load_default=list, validate=LENGTH(max=12),
        metadata={"description": "all covered on the day, by the provider and its declared subcontractors together"},
    )  # fmt: skip
    valid_on = ma.fields.Date(
        load_default=None, validate=ma.validate.Range(min=date(2000, 1, 1), max=date(2100, 12, 31)),
        metadata={"description": "day on which certificates must be valid; today when left out"},
    )  # fmt: skip
    delivery_mode = ma.fields.String(load_default=None, validate=ma.validate.OneOf(DELIVERY_MODES))
    quantity = ma.fields.Integer(
        load_default=None, validate=ma.validate.Range(min=1, max=1_000_000_000),
        metadata={"description": "has a published offer (in the category) for so many of its units"},
    )  # fmt: skip
    region = ma.fields.String(load_default=None, metadata={"description": "serves it (INSEE code)"})
    q = ma.fields.String(load_default=None, validate=LENGTH(max=200), metadata={"description": "words, without accents"})


class ProfileOut(Schema):
    """A provider's profile, with its standing today."""

    id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    name = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    regions = ma.fields.List(ma.fields.String(), required=True)
    delivery_modes = ma.fields.List(ma.fields.String(), required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STANDINGS))
    suspended_until = ma.fields.Date(allow_none=True)
    version = ma.fields.Integer(required=True)


class OwnProfileOut(ProfileOut):
    """The same for its own people and the operator: with the limits it declares and whom to ask."""

    capacities = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    contact_name = ma.fields.String(allow_none=True, required=True)
    contact_email = ma.fields.String(allow_none=True, required=True)
    contact_phone = ma.fields.String(allow_none=True, required=True)
    suspension_reason = ma.fields.String(allow_none=True, required=True)
    decision_reason = ma.fields.String(allow_none=True, required=True)


class ProviderOut(ProfileOut):
    """A provider as the directory shows it."""

    categories = ma.fields.List(ma.fields.String(), metadata={"description": "of its published offers"})
    certificates = ma.fields.List(
        ma.fields.String(), metadata={"description": "schemes it holds, verified and valid today"}
    )


class ProvidersOut(Schema):
    """A page of the directory, by name."""

    items = ma.fields.List(ma.fields.Nested(ProviderOut), required=True)
    next = ma.fields.String(allow_none=True, required=True)


class ProviderDecisionIn(Schema):
    """The platform's decision on a provider."""

    decision = ma.fields.String(required=True, validate=ma.validate.OneOf(DECISIONS))
    reason = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=2000))


class SuspensionIn(Schema):
    """A suspension: its last day in Paris, and why."""

    until = ma.fields.Date(required=True)
    reason = ma.fields.String(required=True, validate=LENGTH(min=1, max=2000))


COUNTRY = ma.validate.OneOf(list(COUNTRIES))


class SubcontractorIn(Schema):
    """A company that a provider works with."""

    name = ma.fields.String(required=True, validate=LENGTH(min=1, max=200))
    siren = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=20))
    country = ma.fields.String(load_default="FR", validate=COUNTRY)


class SubcontractorOut(SubcontractorIn):
    """A running subcontractor."""

    id = Identifier(required=True)


class SubcontractorsOut(Schema):
    """The running subcontractors, by name."""

    items = ma.fields.List(ma.fields.Nested(SubcontractorOut), required=True)


class SiteIn(Schema):
    """A place where data is hosted."""

    name = ma.fields.String(required=True, validate=LENGTH(min=1, max=200))
    address = ma.fields.String(required=True, validate=LENGTH(min=1, max=400))
    country = ma.fields.String(load_default="FR", validate=COUNTRY)


class SiteOut(SiteIn):
    """A running hosting site."""

    id = Identifier(required=True)


class SitesOut(Schema):
    """The running hosting sites, by name."""

    items = ma.fields.List(ma.fields.Nested(SiteOut), required=True)
