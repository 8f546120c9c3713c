"""JSON: the convention one would sign, adhering by signing it, adhesions, and their end."""

from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound
from marketplace.platform.files import LARGEST_FILE, give_out, read_upload
from tenders.contracts.adhesions import queries, services
from tenders.contracts.adhesions.models import Adhesion
from tenders.contracts.adhesions.schemas import (
    AdhesionArgs,
    AdhesionEndIn,
    AdhesionFileIn,
    AdhesionIn,
    AdhesionOut,
    AdhesionsOut,
    ConventionArgs,
    ConventionOut,
)
from tenders.vehicles.queries import get_vehicle

bp = blueprint("adhesions", __name__)


@bp.get("/adhesions")
@guard("adhesion.read")
@bp.arguments(AdhesionArgs, location="query")
@bp.response(200, AdhesionsOut)
def list_adhesions(filters: dict[str, Any]) -> dict[str, Any]:
    """Adhesions to one's centre's vehicles, and those of one's organisations; ended ones too."""
    return queries.list_adhesions(db.session(), current_actor(), **filters)


@bp.get("/vehicles/<uuid:vehicle_id>/convention")
@guard("adhesion.read")
@bp.arguments(ConventionArgs, location="query")
@bp.response(200, ConventionOut)
def read_convention(args: dict[str, Any], vehicle_id: UUID) -> queries.Convention:
    """The convention that one of one's organisations would sign, with the SHA-256 to sign it under."""
    session, actor = db.session(), current_actor()
    vehicle = get_vehicle(session, actor, vehicle_id)
    if args["organisation_id"] not in actor.organisation_ids(kind="care_operator"):
        raise NotFound("organisation")
    return queries.convention_for(session, vehicle, args["organisation_id"])


@bp.post("/vehicles/<uuid:vehicle_id>/adhesions")
@guard("adhesion.sign")
@bp.arguments(AdhesionFileIn, location="files")
@bp.arguments(AdhesionIn, location="form")
@bp.response(201, AdhesionOut)
@bp.alt_response(200, schema=AdhesionOut)
def adhere(files: dict[str, Any], body: dict[str, Any], vehicle_id: UUID) -> Any:
    """Sign the convention (multipart/form-data, a signed PDF may come along); 200 when the organisation adheres already."""
    sent = files["signed_file"]
    upload = read_upload(sent.filename, sent.read(LARGEST_FILE + 1)) if sent and sent.filename else None
    adhesion, is_new = services.adhere(current_actor(), vehicle_id, **body, upload=upload)
    return adhesion, 201 if is_new else 200


@bp.get("/adhesions/<uuid:adhesion_id>")
@guard("adhesion.read")
@bp.response(200, AdhesionOut)
def get_adhesion(adhesion_id: UUID) -> Adhesion:
    """An adhesion with the text that was signed."""
    return queries.get_adhesion(db.session(), current_actor(), adhesion_id)


@bp.get("/adhesions/<uuid:adhesion_id>/signed-file")
@guard("adhesion.read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def read_signed_file(adhesion_id: UUID) -> Any:
    """The convention signed on paper, for the member and the centre."""
    stored = queries.get_adhesion(db.session(), current_actor(), adhesion_id).signed_file
    if stored is None:
        raise NotFound("signed convention")
    return give_out(stored)


@bp.post("/adhesions/<uuid:adhesion_id>/end")
@guard("adhesion.end")
@bp.arguments(AdhesionEndIn)
@bp.response(200, AdhesionOut)
def end_adhesion(body: dict[str, Any], adhesion_id: UUID) -> Adhesion:
    """End an adhesion; orders placed and needs committed before stay."""
    return services.end_adhesion(current_actor(), adhesion_id, body["reason"])
