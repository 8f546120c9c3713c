"""JSON: who can answer a lot (formats/core-api.md)."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.demand import answers
from tenders.matching import queries
from tenders.matching.schemas import MatchesOut, WhatIfArgs, WhatIfOut
from tenders.matching.what_if import suppose_need

bp = blueprint("matching", __name__)


@bp.get("/lots/<uuid:lot_id>/matches")
@guard("match.read")
@bp.response(200, MatchesOut)
def list_matches(lot_id: UUID) -> Any:
    """Who can answer the lot, at which price, and why not: all rows for its members and centre, one's own for a provider."""
    return queries.get_matches(db.session(), current_actor(), lot_id)


@bp.get("/lots/<uuid:lot_id>/pool/what-if")
@guard("pool.suppose")
@bp.arguments(WhatIfArgs, location="query")
@bp.response(200, WhatIfOut)
def suppose(supposed: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """The pool as it would be with another quantity of one of the caller's sites (0: withdrawn); nothing is written."""
    found = suppose_need(db.session(), current_actor(), lot_id, **supposed)
    return {
        **answers.pool(found.after), "unit_price_before": found.unit_price_before,
        "unit_price_after": found.unit_price_after, "need_status": found.need_status,
    }  # fmt: skip
