"""JSON: mini-competitions from the framework of a lot to the order, and the sealed answers of its holders."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, etag_of, guard
from marketplace.platform.database import db
from marketplace.platform.idempotency import HEADER_PARAMETER, request_key
from tenders.contracts.competitions import answers, queries
from tenders.contracts.competitions.models import Competition
from tenders.contracts.competitions.rules.criteria import Framework
from tenders.contracts.competitions.schemas import (
    CompetitionAwardIn,
    CompetitionFrameworkIn,
    CompetitionFrameworkOut,
    CompetitionIn,
    CompetitionOfferIn,
    CompetitionOffersOut,
    CompetitionOut,
    CompetitionReasonIn,
    CompetitionReopeningIn,
    CompetitionsArgs,
    CompetitionsOut,
    ScoresIn,
)
from tenders.contracts.competitions.services import answering, deciding, opening
from tenders.contracts.competitions.views import sight_of

bp = blueprint("competitions", __name__)


def _answer(competition: Competition, status: int = 200) -> Any:
    return answers.competition(competition), status, {"ETag": f'"{etag_of(competition.version)}"'}


def _offers(competition_id: UUID) -> dict[str, Any]:
    return answers.offers(sight_of(db.session(), current_actor(), competition_id))


@bp.get("/lots/<uuid:lot_id>/competition-framework")
@guard("competition.read")
@bp.response(200, CompetitionFrameworkOut)
def get_framework(lot_id: UUID) -> Framework:
    """What a lot's framework allows in its competitions."""
    session = db.session()
    queries.get_competing_lot(session, current_actor(), lot_id)
    return queries.framework_of(session, lot_id)


@bp.put("/lots/<uuid:lot_id>/competition-framework")
@guard("competition.frame")
@bp.arguments(CompetitionFrameworkIn)
@bp.response(200, CompetitionFrameworkOut)
def set_framework(body: dict[str, Any], lot_id: UUID) -> Framework:
    """Say what a lot's framework allows, until its first competition."""
    return opening.set_framework(current_actor(), lot_id, **body)


@bp.post("/competitions")
@guard("competition.open")
@bp.arguments(CompetitionIn)
@bp.response(201, CompetitionOut)
@bp.doc(parameters=[HEADER_PARAMETER])
def open_competition(body: dict[str, Any]) -> Any:
    """Ask the holders of a lot for a price on one order. Send an Idempotency-Key."""
    weights = {each["label"]: each["weight"] for each in body.pop("qualities")}
    want = opening.Want(**body, weights=weights)
    return _answer(opening.open_competition(current_actor(), want, key=request_key()), 201)


@bp.get("/competitions")
@guard("competition.read")
@bp.arguments(CompetitionsArgs, location="query")
@bp.response(200, CompetitionsOut)
def list_competitions(filters: dict[str, Any]) -> dict[str, Any]:
    """Competitions the caller may see: a member's own, those a holder was asked in, those on a centre's lots."""
    page = queries.list_competitions(db.session(), current_actor(), **filters)
    return {"items": [answers.competition(each) for each in page["items"]], "next": page["next"]}


@bp.get("/competitions/<uuid:competition_id>")
@guard("competition.read")
@bp.response(200, CompetitionOut)
def get_competition(competition_id: UUID) -> Any:
    """One competition."""
    return _answer(queries.get_competition(db.session(), current_actor(), competition_id))


@bp.get("/competitions/<uuid:competition_id>/offers")
@guard("competition.read")
@bp.response(200, CompetitionOffersOut)
def list_offers(competition_id: UUID) -> dict[str, Any]:
    """The holders asked. Until the deadline their answers are null for everybody but their authors."""
    return _offers(competition_id)


@bp.put("/competitions/<uuid:competition_id>/offers/<uuid:contract_id>")
@guard("competition.answer")
@bp.arguments(CompetitionOfferIn)
@bp.response(200, CompetitionOffersOut)
def answer_competition(body: dict[str, Any], competition_id: UUID, contract_id: UUID) -> dict[str, Any]:
    """The holder gives its price, or another one, until the deadline."""
    answering.answer_competition(current_actor(), competition_id, contract_id, **body)
    return _offers(competition_id)


@bp.post("/competitions/<uuid:competition_id>/offers/<uuid:contract_id>/refusal")
@guard("competition.answer")
@bp.arguments(CompetitionReasonIn)
@bp.response(200, CompetitionOffersOut)
def decline_competition(body: dict[str, Any], competition_id: UUID, contract_id: UUID) -> dict[str, Any]:
    """The holder gives no price."""
    answering.decline_competition(current_actor(), competition_id, contract_id, body["reason"])
    return _offers(competition_id)


@bp.put("/competitions/<uuid:competition_id>/scores")
@guard("competition.decide")
@bp.arguments(ScoresIn)
@bp.response(200, CompetitionOffersOut)
def score_offers(body: dict[str, Any], competition_id: UUID) -> dict[str, Any]:
    """Score the offers on quality, once the deadline is past."""
    deciding.score_offers(current_actor(), competition_id, [deciding.Score(**each) for each in body["scores"]])
    return _offers(competition_id)


@bp.post("/competitions/<uuid:competition_id>/award")
@guard("competition.decide")
@bp.arguments(CompetitionAwardIn)
@bp.response(200, CompetitionOut)
@bp.doc(parameters=[HEADER_PARAMETER])
def award_competition(body: dict[str, Any], competition_id: UUID) -> Any:
    """Order from the first of the ranking at the price it offered. Send an Idempotency-Key."""
    return _answer(deciding.award_competition(current_actor(), competition_id, **body, key=request_key()))


@bp.post("/competitions/<uuid:competition_id>/cancellation")
@guard("competition.open")
@bp.arguments(CompetitionReasonIn)
@bp.response(200, CompetitionOut)
def cancel_competition(body: dict[str, Any], competition_id: UUID) -> Any:
    """Give it up before an award."""
    return _answer(opening.cancel_competition(current_actor(), competition_id, body["reason"]))


@bp.post("/competitions/<uuid:competition_id>/reopening")
@guard("competition.open")
@bp.arguments(CompetitionReopeningIn)
@bp.response(200, CompetitionOut)
def reopen_competition(body: dict[str, Any], competition_id: UUID) -> Any:
    """Ask again, after nobody gave a price."""
    return _answer(opening.reopen_competition(current_actor(), competition_id, body["closes_at"]))
