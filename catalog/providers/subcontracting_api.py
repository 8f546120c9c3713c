"""JSON: a provider's subcontractors and hosting sites."""
from typing import Any
from uuid import UUID

from catalog.providers import queries, subcontracting
from catalog.providers.models import HostingSite, Subcontractor
from catalog.providers.schemas import SiteIn, SiteOut, SitesOut, SubcontractorIn, SubcontractorOut, SubcontractorsOut
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db

bp = blueprint("subcontracting", __name__)


@bp.get("/providers/<uuid:provider_id>/subcontractors")
@guard("provider.read")
@bp.response(200, SubcontractorsOut)
def list_subcontractors(provider_id: UUID) -> dict[str, Any]:
    """The running subcontractors of a provider, by name."""
    provider = queries.get_provider(db.session(), current_actor(), provider_id)
    return {"items": queries.list_subcontractors(db.session(), provider)}


@bp.post("/providers/<uuid:provider_id>/subcontractors")
@guard("provider.write")
@bp.arguments(SubcontractorIn)
@bp.response(201, SubcontractorOut)
def declare_subcontractor(body: dict[str, Any], provider_id: UUID) -> Subcontractor:
    """Name a company whose certificates shall count with one's own."""
    return subcontracting.declare_subcontractor(current_actor(), provider_id, **body)


@bp.delete("/providers/<uuid:provider_id>/subcontractors/<uuid:subcontractor_id>")
@guard("provider.write")
@bp.response(204)
def end_subcontractor(provider_id: UUID, subcontractor_id: UUID) -> None:
    """No longer work with a subcontractor: its certificates count for nothing here."""
    subcontracting.end_subcontractor(current_actor(), provider_id, subcontractor_id)


@bp.get("/providers/<uuid:provider_id>/hosting-sites")
@guard("provider.read")
@bp.response(200, SitesOut)
def list_sites(provider_id: UUID) -> dict[str, Any]:
    """The running hosting sites of a provider, by name."""
    provider = queries.get_provider(db.session(), current_actor(), provider_id)
    return {"items": queries.list_sites(db.session(), provider)}


@bp.post("/providers/<uuid:provider_id>/hosting-sites")
@guard("provider.write")
@bp.arguments(SiteIn)
@bp.response(201, SiteOut)
def declare_site(body: dict[str, Any], provider_id: UUID) -> HostingSite:
    """Name a place where data is hosted."""
    return subcontracting.declare_site(current_actor(), provider_id, **body)


@bp.delete("/providers/<uuid:provider_id>/hosting-sites/<uuid:site_id>")
@guard("provider.write")
@bp.response(204)
def end_site(provider_id: UUID, site_id: UUID) -> None:
    """No longer host at a site."""
    subcontracting.end_site(current_actor(), provider_id, site_id)
