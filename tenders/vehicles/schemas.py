"""Shapes of the vehicles and lots API (formats/core-api.md)."""
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext as _l

from catalog.providers.words import DELIVERY_MODES
from marketplace.categories.units import UNITS
from marketplace.platform.api import DecimalString, Identifier, Schema
from marketplace.platform.pagination import PageArgs
from tenders.vehicles import words
from tenders.vehicles.rules import MOST_UNITS


def not_blank(text: str) -> None:
    """Spaces alone are no text."""
    if not text.strip():
        raise ma.ValidationError(_l("Écrivez un texte."))


def _text(longest: int, **options: Any) -> ma.fields.String:
    return ma.fields.String(validate=[ma.validate.Length(min=1, max=longest), not_blank], **options)


YEARS = ma.validate.Range(min=date(2000, 1, 1), max=date(2100, 12, 31))
MOMENTS = ma.validate.Range(min=datetime(2000, 1, 1, tzinfo=UTC), max=datetime(2100, 12, 31, tzinfo=UTC))
MONTHS = ma.validate.Range(min=1, max=600)
DAYS = ma.validate.Range(min=0, max=365)


def _among(codes: tuple[str, ...], **options: Any) -> ma.fields.String:
    return ma.fields.String(validate=ma.validate.OneOf(codes), **options)


def _codes(one: ma.fields.Field) -> ma.fields.List:
    return ma.fields.List(one, load_default=list, validate=ma.validate.Length(max=40))


class BoundIn(Schema):
    """A bound in units (basis quantity, a whole number) or in euros excluding VAT (basis amount, two decimals)."""

    basis = _among(words.BASES, required=True)
    value = DecimalString(required=True)

    @ma.validates_schema
    def check_value(self, body: dict[str, Any], **_: Any) -> None:
        """Units are whole; euros have cents."""
        check_bound_value(body.get("basis"), body.get("value"))


def check_bound_value(basis: str | None, value: Decimal | None) -> None:
    """ValidationError on `value` when it does not fit its basis."""
    if value is None:
        return
    if basis == "quantity" and value != value.to_integral_value():
        raise ma.ValidationError(_l("Une quantité est un nombre entier d'unités."), "value")
    if basis == "amount" and value != round(value, 2):
        raise ma.ValidationError(_l("Un montant en euros a deux décimales au plus."), "value")


class MinimumIn(Schema):
    """The minimum of a lot: none, indicative (warns) or contractual (blocks), for the lot or for each grappe."""

    kind = _among(words.MINIMUM_KINDS, required=True)
    basis = _among(words.BASES, load_default=None, allow_none=True)
    scope = _among(words.MINIMUM_SCOPES, load_default="lot")
    value = DecimalString(load_default=None, allow_none=True)

    @ma.validates_schema
    def check_value(self, body: dict[str, Any], **_: Any) -> None:
        """No minimum has no value; a minimum has a basis and a positive value."""
        if body["kind"] == "none":
            if body["value"]:
                raise ma.ValidationError(_l("Sans minimum, n'indiquez pas de valeur."), "value")
            return
        if body["basis"] is None:
            raise ma.ValidationError(_l("Dites si le minimum est en quantité ou en montant."), "basis")
        if body["value"] is None or body["value"] <= 0:
            raise ma.ValidationError(_l("Un minimum est plus grand que zéro."), "value")
        check_bound_value(body["basis"], body["value"])


class RequirementsIn(Schema):
    """What a provider must have to answer the lot; empty lists ask nothing. Codes are checked against the catalogue."""

    certificates = _codes(ma.fields.String(validate=ma.validate.Length(max=60)))
    hds_activities = _codes(ma.fields.Integer(strict=True, validate=ma.validate.Range(min=1, max=99)))
    regions = _codes(ma.fields.String(validate=ma.validate.Length(max=10)))
    delivery_modes = _codes(_among(DELIVERY_MODES))

    @ma.post_load
    def once_each(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A requirement said twice is said once."""
        return {name: list(dict.fromkeys(codes)) for name, codes in body.items()}


class LotIn(Schema):
    """A lot to add to a vehicle. Without `title` it takes its category's name."""

    code = _text(20, required=True)
    title = _text(200)
    category = ma.fields.String(required=True, validate=ma.validate.Length(max=60))
    kind = _among(words.LOT_KINDS, required=True)
    unit = _among(tuple(UNITS), required=True)
    price_period = _among(words.PRICE_PERIODS, required=True)
    term_months = ma.fields.Integer(required=True, strict=True, validate=MONTHS)
    order_multiple = ma.fields.Integer(load_default=1, strict=True, validate=ma.validate.Range(min=1, max=MOST_UNITS))
    reference_unit_price = DecimalString(
        load_default=None, allow_none=True, validate=ma.validate.Range(min=Decimal(0), min_inclusive=False)
    )
    minimum = ma.fields.Nested(
        MinimumIn, load_default=lambda: {"kind": "none", "basis": None, "scope": "lot", "value": None}
    )
    maximum = ma.fields.Nested(BoundIn, load_default=None, allow_none=True)
    requirements = ma.fields.Nested(RequirementsIn, load_default=lambda: RequirementsIn().load({}))
    needs_close_at = ma.fields.AwareDateTime(required=True, format="iso", validate=MOMENTS)
    minimum_policy = ma.fields.List(
        _among(words.POLICY_STEPS), load_default=list, validate=ma.validate.Length(max=10)
    )
    takes_firm_needs = ma.fields.Boolean(load_default=True)
    extension_days = ma.fields.Integer(load_default=15, strict=True, validate=ma.validate.Range(min=1, max=365))


class SwitchesIn(Schema):
    """The regime switches a centre may set (domain §4); left out, they take the regime's defaults."""

    maximum_required = ma.fields.Boolean()
    maximum_duration_months = ma.fields.Integer(allow_none=True, strict=True, validate=MONTHS)
    standstill_days = ma.fields.Integer(strict=True, validate=DAYS)
    standstill_days_on_paper = ma.fields.Integer(strict=True, validate=DAYS)
    publishes_results = ma.fields.Boolean()
    allows_late_joining = ma.fields.Boolean()
    allows_price_only_award = ma.fields.Boolean()
    allows_individual_needs = ma.fields.Boolean()
    late_joining_fee = DecimalString(
        allow_none=True, validate=ma.validate.Range(min=Decimal(0), max=Decimal(10**9), min_inclusive=False),
        metadata={"description": "euros excluding VAT, once, of who joins after the closing; null: none"},
    )  # fmt: skip
    requires_convention = ma.fields.Boolean()
    membership_fee = DecimalString(
        allow_none=True, validate=ma.validate.Range(min=Decimal(0), max=Decimal(10**9), min_inclusive=False),
        metadata={"description": "euros excluding VAT, every year, of who adheres by the convention; null: none"},
    )  # fmt: skip


class VehicleIn(SwitchesIn):
    """A vehicle to prepare. `organisation_id` is needed only by who buys for several centres."""

    organisation_id = Identifier()
    name = _text(200, required=True)
    technique = _among(words.TECHNIQUES, required=True)
    regime = _among(words.REGIMES, required=True)
    starts_on = ma.fields.Date(required=True, validate=YEARS)
    ends_on = ma.fields.Date(required=True, validate=YEARS)
    duration_reason = ma.fields.String(allow_none=True, load_default=None, validate=ma.validate.Length(max=2000))


class VehicleChangesIn(VehicleIn):
    """Changes to a draft vehicle: only what is sent changes; the centre stays."""

    class Meta:
        """The centre is not among the changes."""

        exclude = ("organisation_id",)

    def __init__(self, **options: Any) -> None:
        super().__init__(partial=True, **options)


class LotChangesIn(LotIn):
    """Changes to a draft lot: only what is sent changes; a bound is sent whole."""

    def __init__(self, **options: Any) -> None:
        super().__init__(partial=tuple(LotIn().fields), **options)


class CancellationIn(Schema):
    """Why a vehicle is cancelled; everybody concerned reads it."""

    reason = _text(2000, required=True)


class BoundOut(Schema):
    """A bound as the centre wrote it."""

    basis = _among(words.BASES, allow_none=True)
    value = ma.fields.Method(
        "value_of",
        metadata={
            "type": ["integer", "string", "null"],
            "description": "whole units (basis quantity), or euros excluding VAT as a decimal string (basis amount)",
        },
    )

    def value_of(self, bound: dict[str, Any]) -> int | str | None:
        """Units as a whole number, euros as a decimal string."""
        value = bound["value"]
        if value is None:
            return None
        return int(value) if bound["basis"] == "quantity" else f"{value:f}"


class MinimumOut(BoundOut):
    """The minimum as the centre wrote it."""

    kind = _among(words.MINIMUM_KINDS, required=True)
    scope = _among(words.MINIMUM_SCOPES, required=True)


class LotOut(Schema):
    """A lot. `minimum_quantity` and `maximum_quantity` are its bounds in units, frozen at opening."""

    id = Identifier(required=True)
    vehicle_id = Identifier(required=True)
    code = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = _among(words.STATUSES, required=True)
    category = ma.fields.String(required=True, attribute="category_code")
    kind = _among(words.LOT_KINDS, required=True)
    unit = ma.fields.String(required=True)
    price_period = _among(words.PRICE_PERIODS, required=True)
    term_months = ma.fields.Integer(required=True)
    order_multiple = ma.fields.Integer(required=True)
    reference_unit_price = DecimalString(required=True, allow_none=True)
    minimum = ma.fields.Nested(MinimumOut, required=True)
    maximum = ma.fields.Nested(BoundOut, required=True, allow_none=True)
    minimum_quantity = ma.fields.Integer(required=True, allow_none=True)
    maximum_quantity = ma.fields.Integer(required=True, allow_none=True)
    requirements = ma.fields.Dict(required=True)
    needs_close_at = ma.fields.AwareDateTime(required=True)
    minimum_policy = ma.fields.List(ma.fields.String(), required=True)
    takes_firm_needs = ma.fields.Boolean(required=True)
    extension_days = ma.fields.Integer(required=True)
    round = ma.fields.Integer(required=True)
    opened_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    closed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    cancelled_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class VehicleSummaryOut(Schema):
    """A vehicle in a list."""

    id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    name = ma.fields.String(required=True)
    status = _among(words.STATUSES, required=True)
    technique = _among(words.TECHNIQUES, required=True)
    regime = _among(words.REGIMES, required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    opened_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    cancelled_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    version = ma.fields.Integer(required=True)


class VehicleOut(VehicleSummaryOut, SwitchesIn):
    """A vehicle with its switches and its lots."""

    duration_reason = ma.fields.String(required=True, allow_none=True)
    cancellation_reason = ma.fields.String(required=True, allow_none=True)
    lots = ma.fields.List(ma.fields.Nested(LotOut), required=True)


class VehicleArgs(PageArgs):
    """Filters of the list of vehicles."""

    status = _among(words.STATUSES, load_default=None)
    q = ma.fields.String(load_default=None, validate=ma.validate.Length(max=200))


class LotArgs(VehicleArgs):
    """Filters of the list of lots."""

    category = ma.fields.String(load_default=None, validate=ma.validate.Length(max=60))


class VehiclesOut(Schema):
    """A page of vehicles."""

    items = ma.fields.List(ma.fields.Nested(VehicleSummaryOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class LotsOut(Schema):
    """A page of lots."""

    items = ma.fields.List(ma.fields.Nested(LotOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)
