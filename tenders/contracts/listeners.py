"""What contracts do for the rooms below: tell what they rely on, and let who joins a lot after its closing order."""
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.events import LotsRelyingOn, RelyingLot
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.errors import N_, RuleBroken, Sentence
from tenders.contracts.amendments.steps import bring_into_force
from tenders.contracts.fees.queries import fees_of_joining
from tenders.contracts.fees.steps import charge_newcomer
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract
from tenders.contracts.ordering.rules.pricing import indexed
from tenders.contracts.queries import lock_contracts
from tenders.contracts.status import OVER
from tenders.contracts.steps import entitle_member
from tenders.demand.events import RelyingOnClosing
from tenders.demand.joining.events import ContractFee, FeesOfJoining, JoinedLate, JoiningLate
from tenders.demand.words import price_of
from tenders.vehicles.models import Lot
from tenders.vehicles.rules import schemes_required


def contracts_relying_on(session: Session, question: LotsRelyingOn) -> list[RelyingLot]:
    """Contracts of the provider that are not over, on lots that require one of the schemes; one statement."""
    requires = [Lot.requirements["certificates"].contains([scheme]) for scheme in question.schemes]
    if "hds" in question.schemes:
        requires.append(func.jsonb_array_length(Lot.requirements["hds_activities"]) > 0)
    rows = session.execute(
        select(
            Contract.organisation_id, Lot.id, Contract.title, Contract.ends_on, Contract.id.label("contract_id"),
            Lot.requirements,
        )
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
    return [
        RelyingLot(
            row.organisation_id, row.id, row.title, row.ends_on, contract_id=row.contract_id,
            schemes=schemes_required(row.requirements, question.schemes),
        )
        for row in rows
    ]


CONTRACT_CONCLUDED = N_("Le contrat {reference} est conclu sur cette clôture.")


def contracts_relying_on_closing(session: Session, question: RelyingOnClosing) -> list[Sentence]:
    """Contracts concluded on a lot that have not lapsed: prices and members came from its closing. Reads, locks nothing."""
    references = session.scalars(
        select(Contract.reference)
        .where(Contract.lot_id == question.lot_id, Contract.lapsed_at.is_(None))
        .order_by(Contract.rank)
    )
    return [Sentence("contract_relies_on_closing", CONTRACT_CONCLUDED, {"reference": each}) for each in references]


def lock_for_latecomer(session: Session, event: JoiningLate) -> None:
    """Lock the lot's contracts and bring into force what is due: nobody amends their prices while somebody joins at them."""
    on_lot = select(Contract.id).where(Contract.lot_id == event.lot_id, Contract.lapsed_at.is_(None))
    bring_into_force(session, lock_contracts(session, session.scalars(on_lot).all()), clock.today())


def entitle_latecomer(session: Session, event: JoinedLate) -> None:
    """Let the newcomer order on the lot's contracts, which `lock_for_latecomer` locked, at their prices, within its ceiling.

    Held against the ceiling is what an order costs today: the price in force, amended and indexed.

    With one holder the whole quantity is owed to it, with several none is owed in particular. RuleBroken
    `contract_price_above_ceiling` when no contract is within the ceiling; without any contract yet, nothing. Its
    organisation owes the contracts' fees that members pay.
    """
    running = select(Contract).where(Contract.lot_id == event.lot_id, Contract.status.not_in(OVER)).order_by(Contract.id)
    contracts = session.scalars(running).all()
    site = session.get_one(Establishment, event.establishment_id)
    owed = event.quantity if len(contracts) == 1 else 0
    members = [
        entitle_member(session, contract, site, committed_quantity=owed, grappe_id=event.grappe_id)
        for contract in contracts
    ]
    factors = factors_on(session, [contract.id for contract in contracts], clock.today())
    prices = [indexed(member.unit_price, factors.get(member.contract_id, UNREVISED)) for member in members]
    if prices and min(prices) > event.price_ceiling:
        lowest = min(prices)
        raise RuleBroken(
            "contract_price_above_ceiling",
            "Le marché signé coûte {price} HT par unité, au-dessus du plafond de {ceiling} : signez un plafond plus haut.",
            price=price_of(lowest),
            ceiling=price_of(event.price_ceiling),
        )
    for contract in contracts:
        charge_newcomer(session, contract, site.organisation_id)


def contract_fees(session: Session, question: FeesOfJoining) -> list[ContractFee]:
    """Fees that members pay on the lot's contracts that are not over; one statement."""
    asking = fees_of_joining(session, question.lot_id)
    return [ContractFee(each.reference, each.fee_kind, each.fee_value) for each in asking if each.fee_value is not None]
