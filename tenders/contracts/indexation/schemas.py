"""Shapes of index values, formulas and revisions; shares are parts of 1, months are given by any of their days."""
import marshmallow as ma

from marketplace.platform.api import DecimalString, Identifier, Schema


class IndexValueIn(Schema):
    """A published value: of which index and month, and where it is published."""

    organisation_id = Identifier(required=True)
    code = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=60))
    month = ma.fields.Date(required=True)
    value = DecimalString(required=True)
    source = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=500))


class IndexValueOut(IndexValueIn):
    """A value as it was entered; a later entry of the same month corrects it."""

    id = Identifier(required=True)
    entered_at = ma.fields.AwareDateTime(required=True)


class IndexValuesOut(Schema):
    """The latest values."""

    items = ma.fields.List(ma.fields.Nested(IndexValueOut), required=True)


class FormulaIn(Schema):
    """factor = fixed share + indexed share × value ÷ base value."""

    index_code = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=60))
    base_month = ma.fields.Date(required=True)
    base_value = DecimalString(required=True)
    fixed_share = DecimalString(required=True)
    indexed_share = DecimalString(required=True)
    interval_months = ma.fields.Integer(required=True, strict=True)


class RevisionIn(Schema):
    """On the value of which month, from which day on."""

    month = ma.fields.Date(required=True)
    effective_on = ma.fields.Date(required=True)


class RevisionOut(Schema):
    """A revision: orders from `effective_on` on cost the frozen price times `factor`."""

    number = ma.fields.Integer(required=True)
    effective_on = ma.fields.Date(required=True)
    factor = DecimalString(required=True)
    evidence = ma.fields.Dict(required=True)
    decided_at = ma.fields.AwareDateTime(required=True)


class IndexationOut(Schema):
    """A contract's formula (null: firm prices) and its revisions."""

    formula = ma.fields.Nested(FormulaIn, required=True, allow_none=True)
    revisions = ma.fields.List(ma.fields.Nested(RevisionOut), required=True)
