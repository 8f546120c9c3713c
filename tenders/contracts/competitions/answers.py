"""Mini-competitions as the API says them."""
from decimal import Decimal
from typing import Any

from marketplace.platform.facts import unpack
from marketplace.platform.i18n import sentence
from tenders.contracts.competitions.models import Competition
from tenders.contracts.competitions.notices import reference_of
from tenders.contracts.competitions.views import Line, Sight

_PLAIN = (
    "id", "lot_id", "establishment_id", "organisation_id", "status", "is_sealed", "quantity", "unit", "price_period",
    "starts_on", "places", "remarks", "purchase_order_reference", "criteria", "round", "opened_at", "closes_at", "ended_at",
    "awarded_at", "call_off_id", "cancelled_at", "cancel_reason", "version",
)  # fmt: skip
_OF_ANSWER = ("answered_at", "unit_price", "mobilisation", "remarks", "decline_reason")


def competition(row: Competition) -> dict[str, Any]:
    """One competition, without anything of its offers."""
    facts = {name: getattr(row, name) for name in _PLAIN}
    ended = unpack(row.end_reason)
    return {
        **facts, "reference": reference_of(row), "lot": row.lot.title, "establishment": row.establishment.name,
        "end_reason": None if ended is None else sentence(ended),
    }  # fmt: skip


def offers(sight: Sight) -> dict[str, Any]:
    """The holders asked, each with what the reader may see."""
    why = sight.no_ranking
    return {"items": [_offer(line) for line in sight.lines], "no_ranking": None if why is None else sentence(why)}


def _offer(line: Line) -> dict[str, Any]:
    seen, answer = line.seen, line.seen.answer
    facts = {name: None if answer is None else getattr(answer, name) for name in _OF_ANSWER}
    points = line.ranked.points if line.ranked else (answer.points if answer else None)
    return {
        **facts, "contract_id": seen.contract_id, "holder": seen.holder, "whole_price": seen.whole_price,
        "amount": None if seen.price is None else seen.price.amount, "position": line.position, "points": points,
        "scores": [
            {"criterion": code, "score": Decimal(one["score"]), "reason": one["reason"]}
            for code, one in sorted(seen.scores.items())
        ],
        "reason": None if line.reason is None else sentence(line.reason),
    }  # fmt: skip
