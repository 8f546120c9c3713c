"""JSON: studies, what an establishment pays alone, and which group purchase it could join."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.composition.studies import acceptance, queries, seeking, services
from tenders.composition.studies.models import Study
from tenders.composition.studies.rules.parameters import Parameters
from tenders.composition.studies.schemas import (
    SeekArgs,
    SoughtOut,
    StandAlonePriceIn,
    StandAlonePriceOut,
    StudiesOut,
    StudyAcceptanceIn,
    StudyAcceptanceOut,
    StudyDetailOut,
    StudyIn,
    StudyOut,
    StudyPlacesArgs,
    StudyPlacesOut,
    StudyShareIn,
)

bp = blueprint("studies", __name__)


def _study(study: Study) -> dict[str, Any]:
    names = ("id", "title", "organisation_id", "grappe_id", "follows_id", "status", "asked_at", "finished_at", "cost", "bound")
    return {name: getattr(study, name) for name in names} | {
        name: None if getattr(study, name) is None else f"{getattr(study, name):f}" for name in ("gap", "saving")
    }


@bp.post("/studies")
@guard("study.ask")
@bp.arguments(StudyIn)
@bp.response(201, StudyOut)
def ask_study(body: dict[str, Any]) -> dict[str, Any]:
    """Freeze live needs and offers and put the question to the optimiser; the answer comes by and by."""
    about = {name: body.pop(name) for name in ("title", "organisation_id", "grappe_id")}
    asked = Parameters(**{**body, "categories": tuple(body["categories"]), "regions": tuple(body["regions"])})
    return _study(services.ask_study(current_actor(), asked, **about))


@bp.get("/studies")
@guard("study.list")
@bp.response(200, StudiesOut)
def list_studies() -> dict[str, Any]:
    """Studies of the caller's centre or grappes, the newest first."""
    return {"items": [_study(row.Study) for row in queries.list_studies(db.session(), current_actor())]}


@bp.get("/studies/<uuid:study_id>")
@guard("study.list")
@bp.response(200, StudyDetailOut)
def get_study(study_id: UUID) -> dict[str, Any]:
    """A study: where it stands, and once done its purchases, gap and sensitivity."""
    session = db.session()
    study = queries.get_study(session, current_actor(), study_id)
    counts = queries.counts_of(session, study_id)
    lines = queries.list_purchases(session, [study_id])
    purchases = [_purchase(line) for line in lines]
    return _study(study) | {
        "parameters": study.parameters, "progress": study.progress, "purchases": purchases, "needs": counts.needs,
        "outside": counts.outside, "without_price": counts.without_price, "sensitivity": study.sensitivity,
    }  # fmt: skip


def _purchase(line: queries.PurchaseLine) -> dict[str, Any]:
    one = line.purchase
    names = (
        "number", "offer_id", "members", "quantity", "bracket_from", "bracket_to", "unit_price", "minimum", "margin",
        "next_from", "next_unit_price", "amount", "lot_id",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names} | {
        "provider_id": line.provider_id, "provider_name": line.provider, "category": one.category_code,
        "saving": f"{one.saving:f}",
    }  # fmt: skip


@bp.get("/studies/<uuid:study_id>/places")
@guard("study.list")
@bp.arguments(StudyPlacesArgs, location="query")
@bp.response(200, StudyPlacesOut)
def list_places(filters: dict[str, Any], study_id: UUID) -> dict[str, Any]:
    """Establishments of a study: what each pays and saves, or why it stays outside."""
    session = db.session()
    queries.get_study(session, current_actor(), study_id)
    page = queries.page_of_places(session, study_id, **filters)
    items = [
        {"establishment_id": row.StudyPlace.establishment_id, "establishment_name": row.name,
         "category": row.StudyPlace.category_code, "quantity": row.StudyPlace.quantity,
         "purchase": row.StudyPlace.purchase, "amount": row.StudyPlace.amount,
         "alone_amount": row.StudyPlace.alone_amount, "outside": row.StudyPlace.outside}
        for row in page["items"]
    ]  # fmt: skip
    return {"items": items, "next": page["next"]}


@bp.post("/studies/<uuid:study_id>/cancellation")
@guard("study.ask")
@bp.response(200, StudyOut)
def cancel_study(study_id: UUID) -> dict[str, Any]:
    """Give a study up."""
    return _study(services.cancel_study(current_actor(), study_id))


@bp.post("/studies/<uuid:study_id>/again")
@guard("study.ask")
@bp.response(201, StudyOut)
def ask_again(study_id: UUID) -> dict[str, Any]:
    """The same question on the needs of now: only what moved is solved again."""
    return _study(services.ask_again(current_actor(), study_id))


@bp.post("/studies/<uuid:study_id>/sharing")
@guard("study.ask")
@bp.arguments(StudyShareIn)
@bp.response(200, StudyOut)
def share_study(body: dict[str, Any], study_id: UUID) -> dict[str, Any]:
    """Show a grappe's study to a purchasing centre."""
    return _study(services.share_study(current_actor(), study_id, body["centre_id"]))


@bp.post("/studies/<uuid:study_id>/acceptance")
@guard("study.accept")
@bp.arguments(StudyAcceptanceIn)
@bp.response(201, StudyAcceptanceOut)
def accept_purchases(body: dict[str, Any], study_id: UUID) -> dict[str, Any]:
    """Make proposed purchases lots of a vehicle in preparation, and invite their members."""
    accepted = acceptance.accept_purchases(
        current_actor(), study_id, body["purchases"], vehicle_id=body["vehicle_id"], needs_close_at=body["needs_close_at"]
    )
    lots = [{"purchase": number, "lot_id": lot_id} for number, lot_id in sorted(accepted.lots.items())]
    return {"lots": lots, "invited": accepted.invited}


@bp.put("/establishments/<uuid:establishment_id>/stand-alone-prices/<category>")
@guard("stand_alone_price.state")
@bp.arguments(StandAlonePriceIn)
@bp.response(200, StandAlonePriceOut)
def state_price(body: dict[str, Any], establishment_id: UUID, category: str) -> Any:
    """Say what an establishment pays alone; savings are counted against it, and without it not at all."""
    return services.state_price(current_actor(), establishment_id, category, body["unit_price"])


@bp.delete("/establishments/<uuid:establishment_id>/stand-alone-prices/<category>")
@guard("stand_alone_price.state")
@bp.response(204)
def forget_price(establishment_id: UUID, category: str) -> None:
    """Take a stated price back."""
    services.forget_price(current_actor(), establishment_id, category)


@bp.get("/establishments/<uuid:establishment_id>/group-purchases")
@guard("group_purchase.seek")
@bp.arguments(SeekArgs, location="query")
@bp.response(200, SoughtOut)
def seek(asked: dict[str, Any], establishment_id: UUID) -> Any:
    """Which group purchase for me: open lots of the category for this quantity, best first, with reasons."""
    return seeking.seek(db.session(), current_actor(), establishment_id, asked["category"], asked["quantity"])
