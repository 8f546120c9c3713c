"""Shapes of the vocabulary API."""
import marshmallow as ma

from marketplace.categories.units import PRICE_PERIODS, UNITS
from marketplace.platform.api import Schema


class DomainOut(Schema):
    """A priority domain of the plan."""

    code = ma.fields.String(required=True)
    name_fr = ma.fields.String(required=True)
    name_en = ma.fields.String(required=True)


class DomainsOut(Schema):
    """All domains, in display order."""

    items = ma.fields.List(ma.fields.Nested(DomainOut), required=True)


class CategoryOut(Schema):
    """A service category: what it is called, counted in, priced by and classified as."""

    code = ma.fields.String(required=True)
    name_fr = ma.fields.String(required=True)
    name_en = ma.fields.String(required=True)
    unit = ma.fields.String(required=True, validate=ma.validate.OneOf(tuple(UNITS)))
    price_period = ma.fields.String(required=True, validate=ma.validate.OneOf(PRICE_PERIODS))
    cpv = ma.fields.String(required=True)
    domain = ma.fields.String(required=True, attribute="domain_code")
    version = ma.fields.Integer(required=True)


class CategoriesOut(Schema):
    """All categories, in display order; the list is short and has one page."""

    items = ma.fields.List(ma.fields.Nested(CategoryOut), required=True)


class CategoryArgs(Schema):
    """Filter of the list."""

    domain = ma.fields.String(load_default=None)


class CategoryIn(Schema):
    """What the operator may revise; what is left out stays."""

    name_fr = ma.fields.String(validate=ma.validate.Length(min=1, max=200))
    name_en = ma.fields.String(validate=ma.validate.Length(min=1, max=200))
    cpv = ma.fields.String(validate=ma.validate.Length(max=10))
    domain_code = ma.fields.String(data_key="domain")
