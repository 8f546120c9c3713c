"""JSON: who can answer a lot (formats/core-api.md)."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.matching import queries
from tenders.matching.schemas import MatchesOut

bp = blueprint("matching", __name__)


@bp.get("/lots/<uuid:lot_id>/matches")
@guard("match.read")
@bp.response(200, MatchesOut)
def list_matches(lot_id: UUID) -> Any:
    """Who can answer the lot, at which price, and why not: all rows for its members and centre, one's own for a provider."""
    return queries.get_matches(db.session(), current_actor(), lot_id)
