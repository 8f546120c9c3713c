"""JSON: who can answer a lot (formats/core-api.md)."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.demand import answers
from tenders.matching import queries
from tenders.matching.late_joining import quote_joining
from tenders.matching.schemas import LateJoiningArgs, LateQuoteOut, MatchesOut, WhatIfArgs, WhatIfOut
from tenders.matching.what_if import Extension, Question, suppose_pool

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
    """The pool as it would be: another quantity of one of the caller's sites (0: withdrawn), others joining or leaving,
    a grappe coming along, the collection extended or closed on another day; nothing is written."""
    found = suppose_pool(db.session(), current_actor(), lot_id, Question(**supposed))
    return {
        **answers.pool(found.after), "unit_price_before": found.unit_price_before,
        "unit_price_after": found.unit_price_after, "bracket_before": found.bracket_before,
        "bracket_after": found.bracket_after, "need_status": found.need_status,
        "extension": found.extension and _extension(found.extension), "deadline": found.deadline,
    }  # fmt: skip


@bp.get("/lots/<uuid:lot_id>/late-joining")
@guard("pool.suppose")
@bp.arguments(LateJoiningArgs, location="query")
@bp.response(200, LateQuoteOut)
def quote_late_joining(supposed: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """What joining a closed lot would be for one of the caller's sites: term and envelope left, price step, amounts, fee."""
    found = quote_joining(db.session(), current_actor(), lot_id, **supposed)
    quote, before, after = found.quote, found.best_before, found.best_after
    fee = quote.fee_excl_vat
    return {
        "months": quote.months, "ends_on": quote.ends_on, "engaged": found.engaged, "remaining": found.setting.room,
        "remaining_after": quote.room_after, "exposure": quote.exposure,
        "fee": None if fee is None else {"excl_vat": fee, "incl_vat": quote.fee_incl_vat},
        "contract_fees": found.contract_fees,
        "unit_price_before": before and before.unit_price, "unit_price_after": after and after.unit_price,
        "bracket_before": before and before.bracket, "bracket_after": after and after.bracket,
    }  # fmt: skip


def _extension(extension: Extension) -> dict[str, Any]:
    again, pool = extension.asked_again, extension.confirmed
    return {
        "until": extension.until, "own": extension.own,
        "asked_again": {
            "needs": again.shown, "conditional": again.conditional, "indicative": again.indicative,
            "waitlisted": again.waitlisted,
        },
        "if_confirmed": {
            "firm": pool.firm, "conditional": pool.conditional, "missing": pool.missing, "is_met": pool.is_met,
            "conditions_open": pool.conditions_open,
        },
    }  # fmt: skip
