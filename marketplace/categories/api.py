"""JSON: the vocabulary that all rooms share."""
from typing import Any

from marketplace.categories import queries, services
from marketplace.categories.models import ServiceCategory
from marketplace.categories.schemas import CategoriesOut, CategoryArgs, CategoryIn, CategoryOut, DomainsOut
from marketplace.platform.api import blueprint, current_actor, expected_version, guard
from marketplace.platform.database import db

bp = blueprint("categories", __name__)


@bp.get("/categories")
@guard("category.read")
@bp.arguments(CategoryArgs, location="query")
@bp.response(200, CategoriesOut)
def list_categories(args: dict[str, Any]) -> dict[str, Any]:
    """Service categories with unit, usual price period, CPV and priority domain."""
    return {"items": queries.list_categories(db.session(), domain=args["domain"])}


@bp.get("/categories/<code>")
@guard("category.read")
@bp.response(200, CategoryOut)
def get_category(code: str) -> ServiceCategory:
    """One category."""
    return queries.get_category(db.session(), code)


@bp.patch("/categories/<code>")
@guard("category.revise")
@bp.arguments(CategoryIn)
@bp.response(200, CategoryOut)
def revise_category(body: dict[str, Any], code: str) -> ServiceCategory:
    """Revise names, CPV or domain (operator)."""
    return services.revise_category(current_actor(), code, expected_version=expected_version(), **body)


@bp.get("/domains")
@guard("category.read")
@bp.response(200, DomainsOut)
def list_domains() -> dict[str, Any]:
    """The plan's priority domains."""
    return {"items": queries.list_domains(db.session())}
