"""What contracts answer to the rooms below: whose certificates and which closings they rely on."""
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.events import LotsRelyingOn, RelyingLot
from marketplace.platform import clock
from marketplace.platform.errors import N_, Sentence
from tenders.contracts.models import Contract
from tenders.demand.events import RelyingOnClosing
from tenders.vehicles.models import Lot


def contracts_relying_on(session: Session, question: LotsRelyingOn) -> list[RelyingLot]:
    """Contracts of the provider that are not over, on lots that require one of the schemes; one statement."""
    requires = [Lot.requirements["certificates"].contains([scheme]) for scheme in question.schemes]
    if "hds" in question.schemes:
        requires.append(func.jsonb_array_length(Lot.requirements["hds_activities"]) > 0)
    rows = session.execute(
        select(Contract.organisation_id, Lot.id, Contract.title, Contract.ends_on)
        .join(Lot, Lot.id == Contract.lot_id)
        .where(
            Contract.holder_id == question.provider_id,
            Contract.ends_on >= clock.today(),
            Contract.lapsed_at.is_(None),
            or_(Contract.terminated_on.is_(None), Contract.terminated_on > clock.today()),
            or_(False, *requires),
        )
        .order_by(Contract.id)
    )
    return [RelyingLot(*row) for row in rows]


CONTRACT_CONCLUDED = N_("Le contrat {reference} est conclu sur cette clôture.")


def contracts_relying_on_closing(session: Session, question: RelyingOnClosing) -> list[Sentence]:
    """Contracts concluded on a lot that have not lapsed: prices and members came from its closing. Reads, locks nothing."""
    references = session.scalars(
        select(Contract.reference)
        .where(Contract.lot_id == question.lot_id, Contract.lapsed_at.is_(None))
        .order_by(Contract.rank)
    )
    return [Sentence("contract_relies_on_closing", CONTRACT_CONCLUDED, {"reference": each}) for each in references]
