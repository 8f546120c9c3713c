"""Use cases of a purchasing centre: prepare a vehicle and its lots, open it, cancel it."""
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.categories.models import ServiceCategory
from marketplace.establishments.rules import fold
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, Conflict, NotAllowed, RuleBroken, Sentence, StaleVersion
from marketplace.platform.events import announce
from marketplace.platform.permissions import Actor, require
from tenders.vehicles import queries
from tenders.vehicles.events import LotCancelled, LotOpened
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.regimes import SWITCH_NAMES, switches_for
from tenders.vehicles.rules import (
    Refusal,
    freeze_bounds,
    lot_contradictions,
    opening_refusals,
    opening_warnings,
    refuse_first,
    vehicle_contradictions,
)
from tenders.vehicles.terms import lot_columns, lot_terms, vehicle_terms, vocabulary


def create_vehicle(
    actor: Actor, *, name: str, regime: str, organisation_id: UUID | None = None, **body: Any
) -> Vehicle:
    """Prepare a vehicle (a draft): `body` holds technique, starts_on, ends_on, duration_reason and switches.

    Switches left out take the regime's defaults. RuleBroken: `switch_fixed_by_regime`,
    `vehicle_ends_before_it_starts`. BadInput on `organisation_id` when the actor buys for several centres.
    """
    with transaction() as session:
        centre_id = centre_of(actor, organisation_id)
        require(actor, "vehicle.create", centre=centre_id)
        facts = {column: value for column, value in body.items() if column not in SWITCH_NAMES}
        vehicle = Vehicle(id=new_id(), organisation_id=centre_id, regime=regime, **facts)
        _name(vehicle, name)
        _set_switches(vehicle, switches_for(regime, body).as_columns())
        refuse_first(vehicle_contradictions(vehicle_terms(vehicle)))
        session.add(vehicle)
        session.flush()
        audit.record(
            session, actor, "vehicle.created", "vehicle", vehicle.id, organisation_id=centre_id,
            after={"regime": regime, "technique": vehicle.technique, "starts_on": str(vehicle.starts_on),
                   "ends_on": str(vehicle.ends_on)},
        )  # fmt: skip
    return vehicle


def edit_vehicle(
    actor: Actor, vehicle_id: UUID, changes: Mapping[str, Any], *, expected_version: int | None = None
) -> Vehicle:
    """Change a draft vehicle; a new regime brings its own defaults for the switches that are not sent.

    RuleBroken: `vehicle_not_draft`, `switch_fixed_by_regime`, `vehicle_ends_before_it_starts`; StaleVersion.
    """
    with transaction() as session:
        vehicle = _draft(session, actor, vehicle_id, expected_version)
        before = {name: str(getattr(vehicle, name)) for name in changes}
        same_regime = changes.get("regime", vehicle.regime) == vehicle.regime
        kept = {switch: getattr(vehicle, switch) for switch in SWITCH_NAMES} if same_regime else {}
        for column, value in changes.items():
            setattr(vehicle, column, value)
        _name(vehicle, vehicle.name)
        _set_switches(vehicle, switches_for(vehicle.regime, {**kept, **changes}).as_columns())
        refuse_first(vehicle_contradictions(vehicle_terms(vehicle)))
        vehicle.version += 1
        session.flush()
        audit.record(
            session, actor, "vehicle.edited", "vehicle", vehicle.id, organisation_id=vehicle.organisation_id,
            before=before, after={name: str(getattr(vehicle, name)) for name in changes},
        )  # fmt: skip
    return vehicle


def add_lot(actor: Actor, vehicle_id: UUID, **body: Any) -> Lot:
    """Add a lot to a draft vehicle; `body` as in LotIn (formats/core-api.md).

    RuleBroken: `vehicle_not_draft` and the contradictions of rules.py; Conflict `lot_code_taken`.
    """
    with transaction() as session:
        vehicle = _draft(session, actor, vehicle_id)
        return write_lot(session, actor, vehicle, body)


def write_lot(session: Session, actor: Actor, vehicle: Vehicle, body: Mapping[str, Any]) -> Lot:
    """Step: add a lot to a draft vehicle that the caller has locked (composition writes several at once)."""
    lot = Lot(id=new_id(), vehicle_id=vehicle.id, **{"round": 1, **lot_columns(body)})
    _check_and_name(session, vehicle, lot)
    vehicle.lots.append(lot)
    vehicle.version += 1
    session.flush()
    audit.record(
        session, actor, "lot.added", "lot", lot.id, organisation_id=vehicle.organisation_id, after=_facts(lot)
    )
    return lot


def edit_lot(actor: Actor, lot_id: UUID, changes: Mapping[str, Any], *, expected_version: int | None = None) -> Lot:
    """Change a lot of a draft vehicle; `changes` as in LotIn, only what is sent. Same refusals as `add_lot`."""
    with transaction() as session:
        lot = queries.get_lot(session, actor, lot_id)
        vehicle = _draft(session, actor, lot.vehicle_id)
        _check_version(lot, expected_version)
        before = _facts(lot)
        with session.no_autoflush:
            for column, value in lot_columns(changes).items():
                setattr(lot, column, value)
            _check_and_name(session, vehicle, lot)
        lot.version += 1
        session.flush()
        audit.record(
            session, actor, "lot.edited", "lot", lot.id, organisation_id=vehicle.organisation_id,
            before=before, after=_facts(lot),
        )  # fmt: skip
    return lot


def remove_lot(actor: Actor, lot_id: UUID, *, expected_version: int | None = None) -> None:
    """Take a lot out of a draft vehicle."""
    with transaction() as session:
        lot = queries.get_lot(session, actor, lot_id)
        vehicle = _draft(session, actor, lot.vehicle_id)
        _check_version(lot, expected_version)
        audit.record(
            session, actor, "lot.removed", "lot", lot.id, organisation_id=vehicle.organisation_id, before=_facts(lot)
        )
        vehicle.version += 1
        session.delete(lot)


def find_opening_refusals(session: Session, vehicle: Vehicle) -> list[Refusal]:
    """Everything that keeps the vehicle from opening now; empty: it may open."""
    lots = [lot_terms(lot) for lot in vehicle.lots]
    known = vocabulary(session, vehicle.organisation_id)
    return opening_refusals(vehicle_terms(vehicle), lots, known, clock.now(), clock.today())


def find_opening_warnings(vehicle: Vehicle) -> list[Sentence]:
    """What its centre should look at again before opening; none of it keeps the vehicle from opening."""
    return opening_warnings(vehicle_terms(vehicle), [lot_terms(lot) for lot in vehicle.lots])


def open_vehicle(actor: Actor, vehicle_id: UUID, *, expected_version: int | None = None) -> Vehicle:
    """Publish a draft vehicle: every lot takes needs from now on, its bounds frozen as quantities (domain §4b.2).

    RuleBroken: `vehicle_not_draft`, or the first of `find_opening_refusals`; StaleVersion.
    """
    with transaction() as session:
        vehicle = _draft(session, actor, vehicle_id, expected_version, action="vehicle.open")
        refuse_first(find_opening_refusals(session, vehicle))
        vehicle.opened_at = clock.now()
        vehicle.version += 1
        for lot in vehicle.lots:
            _open_lot(lot)
        session.flush()
        for lot in vehicle.lots:
            announce(session, LotOpened(lot.id, lot.maximum_quantity))
        audit.record(
            session, actor, "vehicle.opened", "vehicle", vehicle.id, organisation_id=vehicle.organisation_id,
            after={lot.code: {"lot_id": str(lot.id), "minimum": lot.minimum_quantity, "maximum": lot.maximum_quantity}
                   for lot in vehicle.lots},
        )  # fmt: skip
    return vehicle


def cancel_vehicle(actor: Actor, vehicle_id: UUID, *, reason: str, expected_version: int | None = None) -> Vehicle:
    """Give a vehicle up, with a reason that everybody concerned reads; its lots are cancelled with it.

    RuleBroken `vehicle_not_cancellable` when it is over or already cancelled; StaleVersion.
    """
    with transaction() as session:
        vehicle = _locked(session, actor, vehicle_id, "vehicle.cancel", expected_version)
        if vehicle.status not in ("draft", "open", "closed"):
            raise RuleBroken(
                "vehicle_not_cancellable", "Ce marché est déjà terminé ou annulé : il n'y a plus rien à annuler."
            )
        vehicle.cancelled_at = clock.now()
        vehicle.cancellation_reason = reason.strip()
        vehicle.version += 1
        given_up = [lot for lot in sorted(vehicle.lots, key=lambda lot: lot.id) if lot.cancelled_at is None]
        for lot in given_up:
            session.refresh(lot, with_for_update=True)
            lot.cancelled_at = vehicle.cancelled_at
            lot.next_check_at = None
            lot.version += 1
        session.flush()
        for lot in given_up:
            if lot.opened_at is not None:
                announce(session, LotCancelled(lot.id, vehicle.cancellation_reason))
        audit.record(
            session, actor, "vehicle.cancelled", "vehicle", vehicle.id, organisation_id=vehicle.organisation_id,
            after={"reason": vehicle.cancellation_reason, "lots": [str(lot.id) for lot in given_up]},
        )  # fmt: skip
    return vehicle


def centre_of(actor: Actor, organisation_id: UUID | None = None) -> UUID:
    """The purchasing centre the actor writes for: the one named, or its only one."""
    if organisation_id is not None:
        return organisation_id
    centres = actor.organisation_ids(("admin", "buyer"), kind="purchasing_centre")
    if not centres:
        raise NotAllowed("vehicle.create")
    if len(centres) > 1:
        raise BadInput({"organisation_id": [N_("Vous achetez pour plusieurs centrales : dites pour laquelle.")]})
    return centres.pop()


def _locked(
    session: Session, actor: Actor, vehicle_id: UUID, action: str, expected_version: int | None = None
) -> Vehicle:
    require(actor, action, centre=queries.get_vehicle(session, actor, vehicle_id).organisation_id)
    vehicle = queries.lock_vehicle(session, vehicle_id)
    _check_version(vehicle, expected_version)
    return vehicle


def _draft(
    session: Session, actor: Actor, vehicle_id: UUID, expected_version: int | None = None, action: str = "vehicle.edit"
) -> Vehicle:
    vehicle = _locked(session, actor, vehicle_id, action, expected_version)
    if vehicle.status != "draft":
        raise RuleBroken(
            "vehicle_not_draft",
            "Ce marché n'est plus en préparation : ce qui est publié ne change plus. Préparez-en un autre.",
        )
    return vehicle


def _check_version(row: Vehicle | Lot, expected_version: int | None) -> None:
    if expected_version is not None and expected_version != row.version:
        raise StaleVersion(row.version)


def _name(vehicle: Vehicle, name: str) -> None:
    vehicle.name = name.strip()
    vehicle.search_text = fold(vehicle.name)
    vehicle.duration_reason = (vehicle.duration_reason or "").strip() or None


def _set_switches(vehicle: Vehicle, switches: Mapping[str, Any]) -> None:
    for column, value in switches.items():
        setattr(vehicle, column, value)


def _check_and_name(session: Session, vehicle: Vehicle, lot: Lot) -> None:
    category = session.get(ServiceCategory, lot.category_code)
    if category is None:
        raise BadInput({"category": [N_("Catégorie inconnue : choisissez parmi les catégories publiées.")]})
    lot.code = lot.code.strip()
    lot.title = (lot.title or category.name_fr).strip()
    lot.search_text = fold(f"{lot.code} {lot.title} {category.name_fr} {category.name_en}")
    if any(other.code == lot.code and other.id != lot.id for other in vehicle.lots):
        raise Conflict("lot_code_taken", "Ce marché a déjà un lot {lot} : donnez-lui un autre code.", lot=lot.code)
    refuse_first(lot_contradictions(lot_terms(lot), vocabulary(session, vehicle.organisation_id)))


def _open_lot(lot: Lot) -> None:
    bounds = freeze_bounds(lot_terms(lot))
    lot.minimum_quantity = bounds.minimum_quantity
    lot.maximum_quantity = bounds.maximum_quantity
    lot.opened_at = clock.now()
    lot.next_check_at = lot.needs_close_at
    lot.version += 1


def _facts(lot: Lot) -> dict[str, Any]:
    names = (
        "code", "category_code", "kind", "unit", "price_period", "term_months", "order_multiple",
        "reference_unit_price", "minimum_kind", "minimum_basis", "minimum_scope", "minimum_value", "maximum_basis",
        "maximum_value", "needs_close_at",
    )  # fmt: skip
    facts = {name: None if getattr(lot, name) is None else str(getattr(lot, name)) for name in names}
    return {**facts, "requirements": lot.requirements, "minimum_policy": list(lot.minimum_policy)}
