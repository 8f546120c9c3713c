"""Shapes of what the operator writes: schemes, versions, activities, published lists."""
import marshmallow as ma
from flask_smorest.fields import Upload

from catalog.certifications.rules.lists import FIELDS, OUTCOMES
from catalog.certifications.schemas import SchemesOut
from marketplace.platform.api import Identifier, Schema

LENGTH, ONE_OF = ma.validate.Length, ma.validate.OneOf
NAME = LENGTH(min=1, max=200)


class SchemeIn(Schema):
    """A scheme to add or to change; the code is in the address."""

    name_fr = ma.fields.String(required=True, validate=NAME)
    name_en = ma.fields.String(required=True, validate=NAME)
    maximum_months = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(min=1, max=240))
    prerequisite = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=40))
    names_sites = ma.fields.Boolean(load_default=False)


class SchemeVersionIn(Schema):
    """The window of a version; days included, null is no bound."""

    usable_from = ma.fields.Date(load_default=None, allow_none=True)
    void_after = ma.fields.Date(load_default=None, allow_none=True)
    hosting_in_eea = ma.fields.Boolean(load_default=False)


class SchemeActivityIn(Schema):
    """Names of a numbered part."""

    name_fr = ma.fields.String(required=True, validate=NAME)
    name_en = ma.fields.String(required=True, validate=NAME)


class SchemeLevelIn(Schema):
    """Names of a level."""

    name_fr = ma.fields.String(required=True, validate=NAME)
    name_en = ma.fields.String(required=True, validate=NAME)


class SchemesWrittenOut(SchemesOut):
    """Every scheme, as it now is."""


class ListFileIn(Schema):
    """A published list, as multipart/form-data."""

    file = Upload(required=True, metadata={"description": "CSV (UTF-8 or Windows-1252) or XLSX, titles in the first row"})


class ListIn(Schema):
    """What the list is about."""

    scheme = ma.fields.String(required=True, validate=LENGTH(max=40))
    listed_on = ma.fields.Date(required=True, metadata={"description": "the day of the list itself"})


class ListMappingIn(Schema):
    """Which column (from 0) holds what."""

    mapping = ma.fields.Dict(
        keys=ma.fields.String(validate=ONE_OF(FIELDS)), values=ma.fields.Integer(strict=True), required=True
    )
    default_version = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=20))


class TakeOverIn(Schema):
    """How a list is taken over."""

    confirmed = ma.fields.List(
        ma.fields.Integer(strict=True), load_default=list,
        metadata={"description": "lines whose provider was found by its name alone, and is confirmed"},
    )  # fmt: skip
    skip_bad = ma.fields.Boolean(load_default=False, metadata={"description": "leave bad rows aside instead of refusing all"})


class ListedSiteOut(Schema):
    """A hosting site that the row names."""

    name = ma.fields.String(required=True)
    address = ma.fields.String(required=True)
    country = ma.fields.String(required=True)


class ListedPartnerOut(Schema):
    """A subcontractor that the row names; declared by the takeover, without proving anything."""

    name = ma.fields.String(required=True)
    country = ma.fields.String(required=True)
    siren = ma.fields.String(required=True, allow_none=True)


class ListRowOut(Schema):
    """One row and what becomes of it."""

    line = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    outcome = ma.fields.String(required=True, validate=ONE_OF(OUTCOMES))
    provider_id = Identifier(allow_none=True)
    faults = ma.fields.List(ma.fields.String(), required=True)
    sites = ma.fields.List(ma.fields.Nested(ListedSiteOut), required=True)
    subcontractors = ma.fields.List(ma.fields.Nested(ListedPartnerOut), required=True)


class ListOut(Schema):
    """A list, its reading, and what taking it over does or did."""

    id = Identifier(required=True)
    scheme = ma.fields.String(required=True)
    file_name = ma.fields.String(required=True)
    sha256 = ma.fields.String(required=True)
    listed_on = ma.fields.Date(required=True)
    titles = ma.fields.List(ma.fields.String(), required=True)
    mapping = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    default_version = ma.fields.String(required=True, allow_none=True)
    taken_over_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    counts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    rows = ma.fields.List(ma.fields.Nested(ListRowOut), required=True, metadata={"description": "empty once taken over"})
