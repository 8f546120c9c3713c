"""HTML: a provider's certificates and their declaration; the operator's queue and decisions."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.certifications import queries, services
from catalog.certifications.forms import CertificateDecisionForm, CertificateForm, EvidenceForm, sent_file
from catalog.certifications.list_queries import list_missing
from catalog.certifications.models import Certificate
from catalog.certifications.rules.declaration import DECISIONS
from catalog.certifications.schemas import CertificateIn
from catalog.providers.queries import (
    get_provider,
    list_own_providers,
    list_sites,
    list_subcontractors,
    list_waiting,
)
from catalog.providers.submission import submit
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.files import StoredFile, give_out
from marketplace.platform.i18n import language
from marketplace.platform.permissions import allowed, require

bp = page_blueprint("certifications", __name__, template_folder="../templates")


@bp.get("/certificats")
@guard("certificate.read")
def list_certificates() -> Any:
    """My certificates with their states; the operator is led to its queue."""
    session, actor = db.session(), current_actor()
    if actor.is_operator:
        return redirect(url_for(".review"))
    schemes = queries.list_schemes(session, language())
    providers = list_own_providers(session, actor)
    return render_template(
        "catalog/certificates.html",
        groups=[(provider, queries.list_certificates(session, actor, provider, schemes)) for provider in providers],
        schemes=schemes,
        may_declare=[p.id for p in providers if allowed(actor, "certificate.declare", own=p.organisation_id)],
    )


@bp.route("/prestataires/<uuid:provider_id>/certificats/nouveau", methods=["GET", "POST"])
@guard("certificate.declare")
def declare(provider_id: UUID) -> Any:
    """Declare a certificate."""
    session, actor = db.session(), current_actor()
    provider = get_provider(session, actor, provider_id)
    require(actor, "certificate.declare", own=provider.organisation_id)
    form = CertificateForm(
        queries.list_schemes(session, language()), list_subcontractors(session, provider), list_sites(session, provider)
    )

    def save() -> Certificate:
        evidence = sent_file(form)
        return services.declare_certificate(
            actor, provider_id, evidence=evidence, **CertificateIn().load(form.body_of())
        )

    def onward(_made: Certificate) -> str:
        flash(_("Certificat déclaré. Il comptera dès que la plateforme l'aura vérifié."), "success")
        return url_for(".list_certificates")

    return submit(form, save, onward, "catalog/certificate_form.html", provider=provider)


@bp.route("/certificats/<uuid:certificate_id>/preuves", methods=["GET", "POST"])
@guard("certificate.declare")
def add_evidence(certificate_id: UUID) -> Any:
    """Add what proves a declared certificate."""
    session, actor = db.session(), current_actor()
    certificate, provider = queries.get_certificate(session, actor, certificate_id)
    require(actor, "certificate.declare", own=provider.organisation_id)
    schemes = queries.list_schemes(session, language())
    listed = queries.with_holders(session, queries.shown([certificate], schemes, clock.today(), with_reasons=True))
    shown = queries.with_evidence(session, listed)
    form = EvidenceForm()

    def save() -> StoredFile:
        upload = sent_file(form)
        assert upload is not None
        return services.add_evidence(actor, certificate_id, upload)

    def onward(_kept: StoredFile) -> str:
        flash(_("Preuve déposée : la plateforme la lira avec le certificat."), "success")
        return url_for(".list_certificates")

    return submit(form, save, onward, "catalog/evidence_form.html", certificate=shown[0], provider=provider, schemes=schemes)


@bp.get("/certificats/<uuid:certificate_id>/preuves/<uuid:file_id>")
@guard("certificate.read")
def read_evidence(certificate_id: UUID, file_id: UUID) -> Response:
    """A piece of evidence, to save."""
    return give_out(queries.get_evidence(db.session(), current_actor(), certificate_id, file_id))


@bp.get("/a-verifier")
@guard("certificate.decide")
def review() -> str:
    """What waits for the platform: providers and certificates, oldest first."""
    session, actor = db.session(), current_actor()
    require(actor, "certificate.decide")
    page = queries.list_to_verify(session, cursor=request.args.get("cursor"))
    return render_template(
        "catalog/review.html",
        providers=list_waiting(session),
        days_since=lambda moment: (clock.today() - clock.paris(moment).date()).days,
        page=page,
        missing=list_missing(session)["items"],
        evidence=queries.list_evidence(session, [certificate.id for certificate, _provider in page["items"]]),
        schemes=queries.list_schemes(session, language()),
    )


@bp.route("/certificats/<uuid:certificate_id>/decision", methods=["GET", "POST"])
@guard("certificate.decide")
def judge(certificate_id: UUID) -> Any:
    """Decide about a certificate."""
    session, actor = db.session(), current_actor()
    certificate, provider = queries.get_certificate(session, actor, certificate_id)
    require(actor, "certificate.decide")
    schemes = queries.list_schemes(session, language())
    listed = queries.with_holders(session, queries.shown([certificate], schemes, clock.today(), with_reasons=True))
    shown = queries.with_evidence(session, listed)[0]
    form = CertificateDecisionForm([code for code, states in DECISIONS.items() if shown.state in states])

    def save() -> Certificate:
        return services.judge_certificate(
            actor, certificate_id, decision=form.decision.data, reason=form.reason.data
        )

    def onward(_decided: Certificate) -> str:
        flash(_("Décision enregistrée."), "success")
        return url_for(".review")

    return submit(
        form, save, onward, "catalog/certificate_decision.html", provider=provider, certificate=shown, schemes=schemes
    )
