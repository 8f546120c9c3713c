"""HTML: search of the offers, open to everybody, offers side by side, and both as files."""
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalog.certifications.queries import list_schemes
from catalog.offers.search import asking, exports
from catalog.offers.search.comparison import Comparison, compare_offers
from catalog.offers.search.queries import USUAL_TERM, search_offers
from catalog.providers import labels
from marketplace.categories.queries import list_categories
from marketplace.platform.api import current_actor, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound
from marketplace.platform.i18n import language

bp = page_blueprint("search", __name__, template_folder="../../templates")

PUBLIC_ENDPOINTS = (
    "search_pages.search", "search_pages.export", "search_pages.compare", "search_pages.export_comparison",
)  # fmt: skip
MOST_EXPORTED = 1000


@bp.get("/offres")
def search() -> str:
    """Offers that pass every filter, with the figures of every facet; nothing found says what to loosen."""
    session = db.session()
    asked = asking.asking(request.args)
    answer = search_offers(session, current_actor(), asked.question, cursor=request.args.get("cursor"))
    schemes, categories = list_schemes(session, language()), list_categories(session)
    names = {category.code: category.name_in(language()) for category in categories}
    chosen = next((category for category in categories if category.code == asked.question.category), None)
    return render_template(
        "catalog/search.html",
        asked=asked,
        answer=answer,
        facets=asking.facets(asked, answer, names, schemes),
        in_force=asking.in_force(asked, answer, names, schemes),
        categories=names,
        category=chosen,
        schemes=schemes,
        labels=labels,
        usual_term=USUAL_TERM,
    )


@bp.get("/offres/export.<any(csv, xlsx):kind>")
def export(kind: str) -> Response:
    """The answers as a file, at most a thousand."""
    session = db.session()
    asked = asking.asking(request.args)
    answer = search_offers(session, current_actor(), asked.question, limit=MOST_EXPORTED)
    names = {category.code: category.name_in(language()) for category in list_categories(session)}
    return exports.answers_file(answer, asked.question, names, list_schemes(session, language()), kind)


@bp.get("/offres/comparaison")
def compare() -> Any:
    """Up to five offers in columns at one quantity."""
    typed, found, errors = _comparison()
    if found is None:
        return redirect(url_for(".search"))
    return render_template(
        "catalog/comparison.html",
        found=found,
        typed=typed,
        written={name: typed.get(name) for name in ("quantity", "term_months", "region", "valid_on")},
        errors=errors,
        rows=exports.comparison_rows(found),
        too_many=len(set(request.args.getlist("offer_id"))) > len(found.columns),
        labels=labels,
        without={column.row.id: _without(typed, column.row.id) for column in found.columns},
    )


@bp.get("/offres/comparaison.<any(csv, xlsx):kind>")
def export_comparison(kind: str) -> Response:
    """The same columns as a file."""
    _typed, found, _errors = _comparison()
    if found is None:
        raise NotFound("offer")
    return exports.comparison_file(found, kind)


def _without(typed: dict[str, Any], offer_id: UUID) -> str:
    others = [each for each in typed["offer_id"] if each != str(offer_id)]
    return url_for(".compare", **{**typed, "offer_id": others})


def _comparison() -> tuple[dict[str, Any], Comparison | None, Any]:
    """What was asked, the columns (None without any offer), and what could not be read."""
    typed, loaded, errors = asking.compared(request.args)
    ids = loaded.pop("offer_id", [])
    if not ids:
        return typed, None, errors
    loaded.setdefault("term_months", USUAL_TERM)
    return typed, compare_offers(db.session(), current_actor(), ids, **loaded), errors
