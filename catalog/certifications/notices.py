"""Who is told what about certificates; every function is a step that writes outbox rows in the act's transaction."""
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
