"""JSON: search of the published offers with facets, and offers side by side at one quantity."""
from typing import Any

from catalog.offers.search.comparison import compare_offers
from catalog.offers.search.queries import Answer, Question, search_offers
from catalog.offers.search.schemas import ComparisonArgs, ComparisonOut, SearchArgs, SearchOut
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db

bp = blueprint("search", __name__)


@bp.get("/offers/search")
@guard("offer.read")
@bp.arguments(SearchArgs, location="query")
@bp.response(200, SearchOut)
def search(asked: dict[str, Any]) -> Answer:
    """Offers that pass every filter, best first, and how many there would be for each value of each facet."""
    limit, cursor = asked.pop("limit"), asked.pop("cursor")
    activities = tuple(sorted(set(asked.pop("hds_activities"))))
    question = Question(hds_activities=activities, **asked)
    return search_offers(db.session(), current_actor(), question, limit=limit, cursor=cursor)


@bp.get("/offers/comparison")
@guard("offer.read")
@bp.arguments(ComparisonArgs, location="query")
@bp.response(200, ComparisonOut)
def compare(asked: dict[str, Any]) -> dict[str, Any]:
    """Up to five offers in columns at one quantity, the lowest marked where they can be compared."""
    found = compare_offers(db.session(), current_actor(), asked.pop("offer_id"), **asked)
    columns = [_column(column) for column in found.columns]
    plain = {name: getattr(found, name) for name in ("quantity", "term_months", "valid_on", "comparable")}
    return {**plain, "columns": columns}


def _column(column: Any) -> dict[str, Any]:
    names = ComparisonOut().fields["columns"].inner.schema.fields  # type: ignore[attr-defined]
    said = {
        "offer_id": column.row.id, "provider_id": column.provider.id, "provider_name": column.provider_name,
        "category": column.category_code, "best": sorted(column.best),
        "proofs": [{"proof": proof, "until": until} for proof, until in column.proofs.items()],
    }  # fmt: skip
    return {name: said[name] if name in said else getattr(column, name) for name in names}
