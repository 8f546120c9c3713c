"""JSON: vehicles and lots (formats/core-api.md)."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard
from marketplace.platform.database import db
from tenders.vehicles import queries, services
from tenders.vehicles.schemas import (
    CancellationIn,
    LotArgs,
    LotChangesIn,
    LotIn,
    LotOut,
    LotsOut,
    VehicleArgs,
    VehicleChangesIn,
    VehicleIn,
    VehicleOut,
    VehiclesOut,
)

bp = blueprint("vehicles", __name__)


def _versioned(row: Any) -> tuple[Any, dict[str, str]]:
    return row, {"ETag": f'"{etag_of(row.version)}"'}


@bp.get("/vehicles")
@guard("vehicle.read")
@bp.arguments(VehicleArgs, location="query")
@bp.response(200, VehiclesOut)
def list_vehicles(filters: dict[str, Any]) -> dict[str, Any]:
    """Vehicles: opened ones, and the caller's own drafts."""
    return queries.list_vehicles(db.session(), current_actor(), **filters)


@bp.post("/vehicles")
@guard("vehicle.create")
@bp.arguments(VehicleIn)
@bp.response(201, VehicleOut)
def create_vehicle(body: dict[str, Any]) -> Any:
    """Prepare a vehicle; the regime's switches are filled in."""
    return _versioned(services.create_vehicle(current_actor(), **body))


@bp.get("/vehicles/<uuid:vehicle_id>")
@guard("vehicle.read")
@bp.response(200, VehicleOut)
def get_vehicle(vehicle_id: UUID) -> Any:
    """A vehicle with its switches and lots."""
    return _versioned(queries.get_vehicle(db.session(), current_actor(), vehicle_id))


@bp.patch("/vehicles/<uuid:vehicle_id>")
@guard("vehicle.edit")
@bp.arguments(VehicleChangesIn)
@bp.response(200, VehicleOut)
def edit_vehicle(changes: dict[str, Any], vehicle_id: UUID) -> Any:
    """Change a draft; only what is sent changes."""
    return _versioned(
        services.edit_vehicle(current_actor(), vehicle_id, changes, expected_version=expected_version())
    )


@bp.post("/vehicles/<uuid:vehicle_id>/lots")
@guard("vehicle.edit")
@bp.arguments(LotIn)
@bp.response(201, LotOut)
def add_lot(body: dict[str, Any], vehicle_id: UUID) -> Any:
    """Add a lot to a draft."""
    return _versioned(services.add_lot(current_actor(), vehicle_id, **body))


@bp.post("/vehicles/<uuid:vehicle_id>/opening")
@guard("vehicle.open")
@bp.response(200, VehicleOut)
def open_vehicle(vehicle_id: UUID) -> Any:
    """Publish the vehicle: its lots take needs, their bounds are frozen as quantities."""
    return _versioned(services.open_vehicle(current_actor(), vehicle_id, expected_version=expected_version()))


@bp.post("/vehicles/<uuid:vehicle_id>/cancellation")
@guard("vehicle.cancel")
@bp.arguments(CancellationIn)
@bp.response(200, VehicleOut)
def cancel_vehicle(body: dict[str, Any], vehicle_id: UUID) -> Any:
    """Give the vehicle and its lots up; the reason is told."""
    return _versioned(
        services.cancel_vehicle(current_actor(), vehicle_id, expected_version=expected_version(), **body)
    )


@bp.get("/lots")
@guard("vehicle.read")
@bp.arguments(LotArgs, location="query")
@bp.response(200, LotsOut)
def list_lots(filters: dict[str, Any]) -> dict[str, Any]:
    """Lots the caller may see, the next to close first."""
    return queries.list_lots(db.session(), current_actor(), **filters)


@bp.get("/lots/<uuid:lot_id>")
@guard("vehicle.read")
@bp.response(200, LotOut)
def get_lot(lot_id: UUID) -> Any:
    """A lot."""
    return _versioned(queries.get_lot(db.session(), current_actor(), lot_id))


@bp.patch("/lots/<uuid:lot_id>")
@guard("vehicle.edit")
@bp.arguments(LotChangesIn)
@bp.response(200, LotOut)
def edit_lot(changes: dict[str, Any], lot_id: UUID) -> Any:
    """Change a lot of a draft; only what is sent changes."""
    return _versioned(services.edit_lot(current_actor(), lot_id, changes, expected_version=expected_version()))


@bp.delete("/lots/<uuid:lot_id>")
@guard("vehicle.edit")
@bp.response(204)
def remove_lot(lot_id: UUID) -> None:
    """Take a lot out of a draft."""
    services.remove_lot(current_actor(), lot_id, expected_version=expected_version())
