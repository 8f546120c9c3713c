"""Who is told what about certificates; every function is a step that writes outbox rows in the act's transaction."""
from datetime import date

from sqlalchemy.orm import Session

from catalog.certifications import messages, queries
from catalog.certifications.models import Certificate
from catalog.providers.models import Provider
from catalog.providers.services import sentence_of
from marketplace.notifications.services import tell

messages.register_all()


def decided(session: Session, certificate: Certificate, provider: Provider, decision: str) -> None:
    """Tell the provider what the platform decided about its certificate, and why."""
    schemes = queries.list_schemes(session)
    values = {
        "scheme": schemes[certificate.scheme].name, "number": certificate.number, "reason": sentence_of(certificate.reason),
        "ends_on": queries.held(certificate, schemes).ends_on,
    }  # fmt: skip
    tell(session, template=f"certificate_{decision}", values=values, organisation_ids=[provider.organisation_id])


def listed(session: Session, certificate: Certificate, provider: Provider, listed_on: date) -> None:
    """Tell the provider that a published list made one of its certificates count."""
    schemes = queries.list_schemes(session)
    values = {
        "scheme": schemes[certificate.scheme].name, "number": certificate.number, "listed_on": listed_on,
        "ends_on": queries.held(certificate, schemes).ends_on,
    }  # fmt: skip
    tell(session, template="certificate_listed", values=values, organisation_ids=[provider.organisation_id])
