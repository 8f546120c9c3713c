"""Use case of the scheduler: remind of certificates that end, their provider and the centres and grappes that rely on them."""
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.certifications import messages, queries
from catalog.certifications.events import LotsRelyingOn, RelyingLot
from catalog.certifications.models import Certificate, CertificateReminder, CertificateVersion
from catalog.certifications.rules.reminding import LATEST, THRESHOLDS, Reminder, is_renewed, reminder
from catalog.certifications.rules.states import HeldCertificate
from catalog.providers.models import Provider, Subcontractor
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import clock, events
from marketplace.platform.database import transaction

messages.register_all()


def remind_of_ends(now: datetime) -> int:
    """Tell of every certificate that ends, once for each threshold; how many certificates were told of.

    Two workers at once tell each once: a certificate is taken FOR UPDATE, its thresholds are rows with a primary key.
    """
    today = clock.paris(now).date()
    with transaction() as session:
        schemes = queries.list_schemes(session)
        ending = _ending(session, now)
        done = _done(session, [certificate.id for certificate, _provider in ending])
        held = queries.held_by_provider(session, {provider.id for _certificate, provider in ending}, schemes)
        told = 0
        for certificate, provider in ending:
            facts = queries.held(certificate, schemes)
            due = reminder(facts.ends_on, today, done.get(certificate.id, ()))
            if due is None or is_renewed(facts, held[provider.id], today):
                continue
            session.add_all(
                CertificateReminder(certificate_id=certificate.id, days=days, told_at=now) for days in due.thresholds
            )
            relying = _relying(session, certificate, facts)
            tell_many(session, _tellings(certificate, provider, schemes[facts.scheme].name, facts, due, relying))
            told += 1
    return told


def _ending(session: Session, now: datetime) -> list[tuple[Certificate, Provider]]:
    """Trusted certificates whose end is near or just over, of providers and of their running subcontractors."""
    today = clock.paris(now).date()
    ends_on = func.least(Certificate.valid_until, CertificateVersion.void_after)
    rows = session.execute(
        select(Certificate, Provider)
        .join(Provider, Provider.id == Certificate.provider_id)
        .outerjoin(CertificateVersion, queries.JOINS_VERSION)
        .outerjoin(Subcontractor, Subcontractor.id == Certificate.subcontractor_id)
        .where(
            ends_on.between(today - timedelta(days=LATEST), today + timedelta(days=max(THRESHOLDS))),
            Certificate.verified_at.is_not(None), Certificate.suspended_at.is_(None),
            Certificate.withdrawn_at.is_(None), Subcontractor.ended_at.is_(None),
        )
        .order_by(Certificate.id)
        .with_for_update(of=Certificate, skip_locked=True)
    )  # fmt: skip
    return [(certificate, provider) for certificate, provider in rows]


def _done(session: Session, certificate_ids: Sequence[UUID]) -> dict[UUID, set[int]]:
    found: dict[UUID, set[int]] = {}
    rows = select(CertificateReminder).where(CertificateReminder.certificate_id.in_(certificate_ids))
    for row in session.scalars(rows):
        found.setdefault(row.certificate_id, set()).add(row.days)
    return found


def _relying(session: Session, certificate: Certificate, facts: HeldCertificate) -> list[RelyingLot]:
    """Open lots whose contracts outlive the certificate, and contracts that do."""
    schemes = queries.relying_schemes(session, certificate.scheme)
    lots: list[RelyingLot] = events.ask(session, LotsRelyingOn(certificate.provider_id, schemes))
    return [lot for lot in lots if lot.ends_on > facts.ends_on]


def _tellings(
    certificate: Certificate, provider: Provider, scheme: str, facts: HeldCertificate, due: Reminder,
    relying: Sequence[RelyingLot],
) -> list[Telling]:  # fmt: skip
    over = "certificate_ends_today" if due.days_left == 0 else "certificate_over"
    template = "certificate_ends" if due.days_left > 0 else over
    about = {"scheme": scheme, "number": certificate.number, "ends_on": facts.ends_on}
    own = Telling(template, {**about, "days": due.days_left}, organisation_ids=[provider.organisation_id])
    others = [
        Telling(
            "contract_relies_on_certificate" if lot.contract_id else "lot_relies_on_certificate",
            {**about, "provider": provider.name, "lot": lot.title, "lot_id": str(lot.lot_id), "lot_ends_on": lot.ends_on},
            organisation_ids=[lot.organisation_id, *lot.grappe_organisation_ids],
        )
        for lot in relying
    ]
    return [own, *others]
