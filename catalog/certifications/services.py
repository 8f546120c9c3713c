"""Use cases of certificates: a provider declares, the platform operator decides."""
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from catalog.certifications import notices, queries
from catalog.certifications.models import Certificate, CertificateEvidence, CertificateSite
from catalog.certifications.rules import declaration
from catalog.certifications.rules.states import state_on
from catalog.providers.countries import COUNTRIES, EEA
from catalog.providers.events import ProviderChanged
from catalog.providers.models import HostingSite, Provider
from catalog.providers.queries import get_subcontractor, list_sites
from catalog.providers.services import lock_provider
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import NotFound, RuleBroken
from marketplace.platform.events import announce
from marketplace.platform.files import StoredFile, Upload, keep
from marketplace.platform.i18n import language, say
from marketplace.platform.permissions import Actor, require


def add_certificate(
    session: Session, provider: Provider, *, scheme: str, number: str, body: str, valid_from: date, valid_until: date,
    version: str | None = None, scope: str = "", activities: Collection[int] = (), subcontractor_id: UUID | None = None,
    site_ids: Collection[UUID] = (), level: int | None = None,
) -> Certificate:  # fmt: skip
    """Step: a certificate as declared, to be verified. Days included; RuleBroken with the `field` to correct.

    It is the provider's own, or that of a subcontractor it declared; `site_ids` are the hosting sites it names.
    """
    schemes = queries.list_schemes(session, language())
    if scheme not in schemes:
        raise RuleBroken(
            "certificate_scheme_unknown", "Certificat inconnu : choisissez parmi {schemes}.",
            field="scheme", schemes=", ".join(schemes),
        )  # fmt: skip
    sites = _sites(session, provider, site_ids)
    if subcontractor_id is not None:
        get_subcontractor(session, provider, subcontractor_id)
    countries = {say(COUNTRIES[site.country]): site.country in EEA for site in sites}
    declared = declaration.Declared(version, frozenset(activities), valid_from, valid_until, countries, level)
    declaration.check_declaration(schemes[scheme], declared)
    certificate = Certificate(
        id=new_id(), provider_id=provider.id, scheme=scheme, version=version, number=number.strip(),
        body=body.strip(), scope=scope.strip(), activities=sorted(set(activities)), valid_from=valid_from,
        valid_until=valid_until, subcontractor_id=subcontractor_id, level=level,
    )  # fmt: skip
    session.add(certificate)
    session.flush()
    session.add_all(
        CertificateSite(certificate_id=certificate.id, site_id=site.id, provider_id=provider.id) for site in sites
    )
    session.flush()
    return certificate


def _sites(session: Session, provider: Provider, site_ids: Collection[UUID]) -> list[HostingSite]:
    """The provider's own running sites; NotFound names none that is somebody else's."""
    own = {site.id: site for site in list_sites(session, provider)}
    if set(site_ids) - set(own):
        raise NotFound("hosting_site")
    return [own[site_id] for site_id in sorted(set(site_ids), key=str)]


def declare_certificate(
    actor: Actor, provider_id: UUID, *, evidence: Upload | None = None, **declared: Any
) -> Certificate:
    """A provider declares a certificate of its own, with what proves it; it counts once the platform verified it."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "certificate.declare", own=provider.organisation_id)
        certificate = add_certificate(session, provider, **declared)
        if evidence is not None:
            _keep_evidence(session, actor, certificate, provider, evidence)
        audit.record(
            session, actor, "certificate.declared", "certificate", certificate.id,
            organisation_id=provider.organisation_id, after={**_facts(certificate), "number": certificate.number},
        )  # fmt: skip
    return certificate


def add_evidence(actor: Actor, certificate_id: UUID, upload: Upload) -> StoredFile:
    """A provider adds what proves a certificate it declared, while the platform has not decided yet."""
    with transaction() as session:
        certificate, provider = queries.get_certificate(session, actor, certificate_id)
        require(actor, "certificate.declare", own=provider.organisation_id)
        session.refresh(certificate, with_for_update=True)
        pieces = queries.list_evidence(session, [certificate.id]).get(certificate.id, ())
        state = state_on(queries.held(certificate, queries.list_schemes(session, language())), clock.today())
        declaration.check_evidence_added(state, len(pieces))
        return _keep_evidence(session, actor, certificate, provider, upload)


def _keep_evidence(
    session: Session, actor: Actor, certificate: Certificate, provider: Provider, upload: Upload
) -> StoredFile:
    stored = keep(session, upload, owner_id=provider.organisation_id, stored_by=actor.user_id)
    session.add(CertificateEvidence(file_id=stored.id, certificate_id=certificate.id))
    session.flush()
    audit.record(
        session, actor, "certificate.evidence_added", "certificate", certificate.id,
        organisation_id=provider.organisation_id, after={"file_id": stored.id, "sha256": stored.sha256},
    )  # fmt: skip
    return stored


def decide_certificate(
    session: Session, certificate: Certificate, *, decision: str, reason: str | None = None
) -> Certificate:
    """Step: verify, reject, suspend, reinstate or withdraw a certificate as it stands today."""
    schemes = queries.list_schemes(session, language())
    state = state_on(queries.held(certificate, schemes), clock.today())
    declaration.check_decision(decision, state, reason)
    now = clock.now()
    match decision:
        case "verify":
            certificate.verified_at = now
        case "reject":
            certificate.rejected_at = now
        case "suspend":
            certificate.suspended_at = now
        case "reinstate":
            certificate.suspended_at = None
        case "withdraw":
            certificate.withdrawn_at = now
    certificate.reason = (reason or "").strip() or None
    announce(session, ProviderChanged(certificate.provider_id))
    return certificate


def judge_certificate(actor: Actor, certificate_id: UUID, *, decision: str, reason: str | None = None) -> Certificate:
    """The platform's decision about a certificate; refusing, suspending and withdrawing say why."""
    with transaction() as session:
        certificate, provider = queries.get_certificate(session, actor, certificate_id)
        require(actor, "certificate.decide")
        session.refresh(certificate, with_for_update=True)
        decide_certificate(session, certificate, decision=decision, reason=reason)
        pieces = queries.list_evidence(session, [certificate.id]).get(certificate.id, ())
        declaration.check_verified_on_evidence(decision, reason, len(pieces))
        notices.decided(session, certificate, provider, decision)
        audit.record(
            session, actor, f"certificate.{decision}", "certificate", certificate.id,
            organisation_id=provider.organisation_id, after={**_facts(certificate), "reason": certificate.reason},
        )  # fmt: skip
    return certificate


def _facts(certificate: Certificate) -> dict[str, Any]:
    names = ("scheme", "version", "level", "activities", "valid_from", "valid_until")
    return {name: getattr(certificate, name) for name in names}
