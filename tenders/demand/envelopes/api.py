"""JSON: a lot's envelope with its forecast, its ledger entry by entry, a vehicle's envelope; corrections by the centre."""
from typing import Any
from uuid import UUID

import marshmallow as ma
from sqlalchemy import select

from marketplace.platform.api import (
    DecimalString,
    Identifier,
    Schema,
    blueprint,
    current_actor,
    etag_of,
    expected_version,
    guard,
)
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import PageArgs, paginate
from marketplace.platform.permissions import require
from tenders.demand.envelopes import queries, services
from tenders.demand.envelopes.models import Envelope, EnvelopeEntry
from tenders.demand.envelopes.rules import KINDS, REASONS
from tenders.vehicles import queries as vehicles

bp = blueprint("envelopes", __name__)


class ForecastOut(Schema):
    """When the envelope is used up. `code`: no_maximum, exhausted, too_few, not_in_sight or dated; rates in units a week.

    The band is two standard errors of the last twelve weeks; `latest_on` is null when its slow end never gets there.
    """

    code = ma.fields.String(required=True)
    entries = ma.fields.Integer(required=True)
    weeks = ma.fields.Integer(required=True)
    weekly = ma.fields.Float(required=True)
    slowest = ma.fields.Float(required=True)
    fastest = ma.fields.Float(required=True)
    expected_on = ma.fields.Date(required=True, allow_none=True)
    earliest_on = ma.fields.Date(required=True, allow_none=True)
    latest_on = ma.fields.Date(required=True, allow_none=True)


class AlertOut(Schema):
    """A threshold of the maximum that was reached, in per cent."""

    threshold = ma.fields.Integer(required=True)
    used = ma.fields.Integer(required=True)
    raised_at = ma.fields.AwareDateTime(required=True)


class SignedAmount(DecimalString):
    """An amount in euros that may be negative, as a decimal string."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"metadata": {"pattern": r"^-?\d+(\.\d{1,4})?$"}, **options})


class EnvelopeOut(Schema):
    """Sums of a lot's ledger, in its unit; amounts in euros excluding VAT over the term. null: no such bound."""

    lot_id = Identifier(required=True)
    unit = ma.fields.String(required=True)
    minimum = ma.fields.Integer(required=True, allow_none=True)
    maximum = ma.fields.Integer(required=True, allow_none=True)
    maximum_amount = SignedAmount(required=True, allow_none=True)
    committed = ma.fields.Integer(required=True)
    called_off = ma.fields.Integer(required=True)
    released = ma.fields.Integer(required=True)
    adjusted = ma.fields.Integer(required=True)
    engaged = ma.fields.Integer(required=True)
    remaining = ma.fields.Integer(required=True, allow_none=True)
    engaged_amount = SignedAmount(required=True)
    called_off_amount = SignedAmount(required=True)
    remaining_amount = SignedAmount(required=True, allow_none=True)
    entries = ma.fields.Integer(required=True)
    alerts = ma.fields.List(ma.fields.Nested(AlertOut), required=True)
    forecast = ma.fields.Nested(ForecastOut, required=True)


class EntryOut(Schema):
    """One movement of a ledger, numbered from 1; never changed, corrected by another."""

    number = ma.fields.Integer(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    quantity = ma.fields.Integer(required=True)
    amount = SignedAmount(required=True, allow_none=True)
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(REASONS))
    note = ma.fields.String(required=True, allow_none=True)
    booked_at = ma.fields.AwareDateTime(required=True)


class EntriesOut(Schema):
    """A page of entries, the oldest first."""

    items = ma.fields.List(ma.fields.Nested(EntryOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class CorrectionIn(Schema):
    """Units more or less, and why; `If-Match` with the envelope's ETag keeps a repeated request from counting twice."""

    quantity = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(min=-(10**12), max=10**12))
    note = ma.fields.String(required=True, validate=ma.validate.Length(max=2000))


class VehicleEnvelopeOut(Schema):
    """A vehicle's lots together in euros excluding VAT (units differ); `unbounded`: lots without a maximum or a price."""

    vehicle_id = Identifier(required=True)
    name = ma.fields.String(required=True)
    lots = ma.fields.Integer(required=True)
    unbounded = ma.fields.Integer(required=True)
    engaged_amount = SignedAmount(required=True)
    called_off_amount = SignedAmount(required=True)
    remaining_amount = SignedAmount(required=True)


@bp.get("/lots/<uuid:lot_id>/envelope")
@guard("envelope.read")
@bp.response(200, EnvelopeOut)
def get_envelope(lot_id: UUID) -> Any:
    """The envelope of a lot, for its vehicle's centre: sums, alerts sent, forecast of exhaustion with its band."""
    session = db.session()
    envelope, unit = _own_envelope(lot_id)
    balance = envelope.balance
    sums = ("minimum", "maximum", "maximum_amount", "committed", "called_off", "released", "adjusted", "engaged",
            "remaining", "engaged_amount", "called_off_amount", "remaining_amount")  # fmt: skip
    body = {name: getattr(balance, name) for name in sums} | {
        "lot_id": lot_id, "unit": unit, "entries": envelope.entries, "alerts": queries.list_alerts(session, lot_id),
        "forecast": queries.forecast_of(session, envelope),
    }  # fmt: skip
    return body, 200, {"ETag": f'"{etag_of(envelope.entries)}"'}


@bp.get("/lots/<uuid:lot_id>/envelope/entries")
@guard("envelope.read")
@bp.arguments(PageArgs, location="query")
@bp.response(200, EntriesOut)
def list_entries(page: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """The ledger of a lot, the oldest entry first."""
    _own_envelope(lot_id)
    statement = select(EnvelopeEntry).where(EnvelopeEntry.lot_id == lot_id)
    return paginate(db.session(), statement, [EnvelopeEntry.number], **page)


@bp.post("/lots/<uuid:lot_id>/envelope/entries")
@guard("envelope.adjust")
@bp.arguments(CorrectionIn)
@bp.response(201, EntryOut)
def adjust_envelope(body: dict[str, Any], lot_id: UUID) -> EnvelopeEntry:
    """Correct what is engaged by another entry, with its reason; the maximum holds."""
    number = services.adjust_envelope(current_actor(), lot_id, expected_version=expected_version(), **body)
    return db.session().get_one(EnvelopeEntry, (lot_id, number))


@bp.get("/vehicles/<uuid:vehicle_id>/envelope")
@guard("envelope.read")
@bp.response(200, VehicleEnvelopeOut)
def get_vehicle_envelope(vehicle_id: UUID) -> Any:
    """The envelope of a vehicle, for its centre; not found before it opened."""
    vehicle = vehicles.get_vehicle(db.session(), current_actor(), vehicle_id)
    require(current_actor(), "envelope.read", centre=vehicle.organisation_id)
    for balance in queries.list_vehicle_balances(db.session(), [vehicle_id]):
        return balance
    raise NotFound("envelope")


def _own_envelope(lot_id: UUID) -> tuple[Envelope, str]:
    """The envelope of a lot of the caller's centre, and the lot's unit."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    require(current_actor(), "envelope.read", centre=lot.vehicle.organisation_id)
    return queries.get_envelope(db.session(), lot_id), lot.unit
