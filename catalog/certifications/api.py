"""JSON: schemes, a provider's certificates with their state today, declarations and decisions (formats/core-api.md)."""
from typing import Any
from uuid import UUID

from catalog.certifications import queries, services
from catalog.certifications.models import Certificate
from catalog.certifications.schemas import (
    CertificateDecisionIn,
    CertificateIn,
    CertificateOut,
    CertificatesOut,
    EvidenceIn,
    EvidenceOut,
    SchemesOut,
)
from catalog.providers.queries import get_provider
from marketplace.platform import clock
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.files import LARGEST_FILE, give_out, read_upload
from marketplace.platform.i18n import language

bp = blueprint("certifications", __name__)


def _shown(certificate: Certificate) -> queries.ShownCertificate:
    schemes = queries.list_schemes(db.session(), language())
    session = db.session()
    listed = queries.with_holders(session, queries.shown([certificate], schemes, clock.today(), with_reasons=True))
    return queries.with_evidence(session, listed)[0]


@bp.get("/certificate-schemes")
@guard("certificate.read")
@bp.response(200, SchemesOut)
def list_schemes() -> dict[str, Any]:
    """Certificates, qualifications and labels the platform knows, with their versions and activities."""
    return schemes_out()


def schemes_out() -> dict[str, Any]:
    """Every scheme as SchemesOut shows it."""
    return {
        "items": [
            {
                "code": scheme.code,
                "name": scheme.name,
                "maximum_months": scheme.maximum_months,
                "prerequisite": scheme.prerequisite,
                "versions": scheme.versions.values(),
                "activities": [{"number": number, "name": name} for number, name in scheme.activities.items()],
                "levels": [{"rank": rank, "name": name} for rank, name in scheme.levels.items()],
            }
            for scheme in queries.list_schemes(db.session(), language()).values()
        ]
    }


@bp.get("/providers/<uuid:provider_id>/certificates")
@guard("certificate.read")
@bp.response(200, CertificatesOut)
def list_certificates(provider_id: UUID) -> dict[str, Any]:
    """Every certificate of a provider with its state today, past ones included."""
    session, actor = db.session(), current_actor()
    provider = get_provider(session, actor, provider_id)
    schemes = queries.list_schemes(session, language())
    return {"items": queries.list_certificates(session, actor, provider, schemes)}


@bp.post("/providers/<uuid:provider_id>/certificates")
@guard("certificate.declare")
@bp.arguments(CertificateIn)
@bp.response(201, CertificateOut)
def declare_certificate(body: dict[str, Any], provider_id: UUID) -> Any:
    """Declare a certificate of one's own; it counts once the platform verified it."""
    return _shown(services.declare_certificate(current_actor(), provider_id, **body))


@bp.post("/certificates/<uuid:certificate_id>/evidence")
@guard("certificate.declare")
@bp.arguments(EvidenceIn, location="files")
@bp.response(201, EvidenceOut)
def add_evidence(body: dict[str, Any], certificate_id: UUID) -> Any:
    """Add what proves a declared certificate of one's own, as multipart/form-data, until the platform decides."""
    sent = body["evidence"]
    upload = read_upload(sent.filename or "", sent.read(LARGEST_FILE + 1))
    return services.add_evidence(current_actor(), certificate_id, upload)


@bp.get("/certificates/<uuid:certificate_id>/evidence/<uuid:file_id>")
@guard("certificate.read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def read_evidence(certificate_id: UUID, file_id: UUID) -> Any:
    """A piece of evidence, for its provider, the platform, and the centres whose open lots rely on it."""
    return give_out(queries.get_evidence(db.session(), current_actor(), certificate_id, file_id))


@bp.post("/certificates/<uuid:certificate_id>/decisions")
@guard("certificate.decide")
@bp.arguments(CertificateDecisionIn)
@bp.response(200, CertificateOut)
def judge_certificate(body: dict[str, Any], certificate_id: UUID) -> Any:
    """Verify, reject, suspend, reinstate or withdraw a certificate."""
    return _shown(services.judge_certificate(current_actor(), certificate_id, **body))
