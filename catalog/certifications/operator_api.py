"""JSON for the operator: schemes with their versions and activities, and published lists of certified companies."""
from typing import Any
from uuid import UUID

from catalog.certifications import list_queries, lists, schemes
from catalog.certifications.api import schemes_out
from catalog.certifications.models import CertificateList
from catalog.certifications.operator_schemas import (
    ListFileIn,
    ListIn,
    ListMappingIn,
    ListOut,
    SchemeActivityIn,
    SchemeIn,
    SchemeLevelIn,
    SchemesWrittenOut,
    SchemeVersionIn,
    TakeOverIn,
)
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.i18n import language, sentence

bp = blueprint("certification_references", __name__)


@bp.put("/certificate-schemes/<code>")
@guard("certificate_scheme.write")
@bp.arguments(SchemeIn)
@bp.response(200, SchemesWrittenOut)
def write_scheme(body: dict[str, Any], code: str) -> dict[str, Any]:
    """Add a scheme, or change it."""
    schemes.write_scheme(current_actor(), code, **body)
    return schemes_out()


@bp.put("/certificate-schemes/<code>/versions/<version>")
@guard("certificate_scheme.write")
@bp.arguments(SchemeVersionIn)
@bp.response(200, SchemesWrittenOut)
def write_version(body: dict[str, Any], code: str, version: str) -> dict[str, Any]:
    """Add a version, or move its window: certificates follow at once."""
    schemes.write_version(current_actor(), code, version, **body)
    return schemes_out()


@bp.put("/certificate-schemes/<code>/activities/<int:number>")
@guard("certificate_scheme.write")
@bp.arguments(SchemeActivityIn)
@bp.response(200, SchemesWrittenOut)
def write_activity(body: dict[str, Any], code: str, number: int) -> dict[str, Any]:
    """Add a numbered activity, or change its names."""
    schemes.write_activity(current_actor(), code, number, **body)
    return schemes_out()


@bp.put("/certificate-schemes/<code>/levels/<int(min=1, max=99):rank>")
@guard("certificate_scheme.write")
@bp.arguments(SchemeLevelIn)
@bp.response(200, SchemesWrittenOut)
def write_level(body: dict[str, Any], code: str, rank: int) -> dict[str, Any]:
    """Add a level, or change its names; a higher rank is a higher level."""
    schemes.write_level(current_actor(), code, rank, **body)
    return schemes_out()


@bp.post("/certificate-lists")
@guard("certificate_list.import")
@bp.arguments(ListFileIn, location="files")
@bp.arguments(ListIn, location="query")
@bp.response(201, ListOut)
def send_list(files: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """Send a published list; nothing is taken over yet."""
    sent = files["file"]
    content = sent.read(lists.LARGEST_LIST + 1)
    return _shown(lists.send_list(current_actor(), file_name=sent.filename or "", content=content, **about))


@bp.get("/certificate-lists/<uuid:list_id>")
@guard("certificate_list.import")
@bp.response(200, ListOut)
def show_list(list_id: UUID) -> dict[str, Any]:
    """A list and what taking it over would do."""
    return _shown(list_queries.get_list(db.session(), current_actor(), list_id))


@bp.put("/certificate-lists/<uuid:list_id>/mapping")
@guard("certificate_list.import")
@bp.arguments(ListMappingIn)
@bp.response(200, ListOut)
def map_list(body: dict[str, Any], list_id: UUID) -> dict[str, Any]:
    """Say which column holds what; remembered for the next list of the scheme."""
    return _shown(lists.map_list(current_actor(), list_id, **body))


@bp.post("/certificate-lists/<uuid:list_id>/takeover")
@guard("certificate_list.import")
@bp.arguments(TakeOverIn)
@bp.response(200, ListOut)
def take_over(body: dict[str, Any], list_id: UUID) -> dict[str, Any]:
    """Write what the preview shows: all of it or nothing, or without the bad rows when that is asked."""
    return _shown(lists.take_over(current_actor(), list_id, **body))


def _shown(kept: CertificateList) -> dict[str, Any]:
    fields = {name: getattr(kept, name) for name in ListOut().fields if name not in ("titles", "counts", "rows")}
    if kept.taken_over_at is not None or "valid_until" not in kept.mapping:
        return {**fields, "titles": kept.rows[0], "counts": kept.counts or {}, "rows": []}
    preview = list_queries.preview(db.session(), kept, language())
    rows = [
        {
            "line": row.line, "name": row.name, "outcome": row.outcome,
            "provider_id": row.provider.id if row.provider else None, "faults": [sentence(f) for f in row.faults],
            "sites": row.listed.sites or () if row.listed else (),
            "subcontractors": row.listed.subcontractors if row.listed else (),
        }
        for row in preview.rows
    ]  # fmt: skip
    return {**fields, "titles": kept.rows[0], "counts": preview.counts(), "rows": rows}
