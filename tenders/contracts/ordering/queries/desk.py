"""What an organisation's sites may order and what is left to them; a number of statements that does not grow with lines."""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.permissions import Actor
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.models import CallOff, CartLine
from tenders.contracts.ordering.rules.placing import Ceiling, available
from tenders.contracts.ordering.rules.pricing import Price, indexed, periods_left, price
from tenders.contracts.status import OVER
from tenders.demand.envelopes.models import Envelope
from tenders.demand.envelopes.queries import find_envelopes
from tenders.vehicles.models import Lot


@dataclass(frozen=True)
class Place:
    """An establishment's place on one contract: what it is committed to, and what it ordered that stands."""

    contract: Contract
    member: ContractMember
    ordered: int
    factor: Decimal = UNREVISED

    @property
    def unit_price(self) -> Decimal:
        """Euros excluding VAT per unit and period, as an order today would cost."""
        return indexed(self.member.unit_price, self.factor)

    def periods_from(self, day: date) -> int:
        """How often the price falls due when delivery starts on a day."""
        contract = self.contract
        return periods_left(day, contract.ends_on, contract.price_period, contract.charged_months)


@dataclass(frozen=True)
class DeskLine:
    """A lot on which a site may order, through one contract or several. `left` None: no maximum."""

    site: Establishment
    lot: Lot
    places: tuple[Place, ...]
    left: int | None

    @property
    def contract(self) -> Contract:
        """The contract of the best rank."""
        return self.places[0].contract

    @property
    def committed(self) -> int:
        """Units the site is committed to on the lot."""
        return sum(place.member.committed_quantity for place in self.places)

    @property
    def ordered(self) -> int:
        """Units it ordered that stand."""
        return sum(place.ordered for place in self.places)

    @property
    def own_left(self) -> int:
        """What it is committed to and did not order yet."""
        return max(0, self.committed - self.ordered)

    @property
    def is_open(self) -> bool:
        """Whether an order could be placed today on one of the contracts."""
        return any(place.contract.status == "active" for place in self.places)

    @property
    def orderable(self) -> int | None:
        """The most that can be ordered now; None without a maximum."""
        return self.left if self.is_open else 0


def list_desk(session: Session, actor: Actor, *, establishment_id: UUID | None = None) -> list[DeskLine]:
    """Where the actor's sites may order, by site and lot; contracts that are over are left out. Four statements."""
    own = actor.organisation_ids(kind="care_operator")
    today = clock.today()
    statement = (
        select(ContractMember, Contract, Establishment)
        .join(Contract, Contract.id == ContractMember.contract_id)
        .join(Contract.lot)
        .join(Contract.holder)
        .join(Establishment, Establishment.id == ContractMember.establishment_id)
        .options(contains_eager(Contract.holder), contains_eager(Contract.lot).joinedload(Lot.vehicle))
        .where(
            ContractMember.organisation_id.in_(own), Contract.activated_at.is_not(None), Contract.status.not_in(OVER),
            ContractMember.until.is_(None) | (ContractMember.until >= today),
        )
        .order_by(Establishment.name, Establishment.id, Lot.title, Contract.lot_id, Contract.rank)
    )  # fmt: skip
    if establishment_id is not None:
        statement = statement.where(ContractMember.establishment_id == establishment_id)
    rows = session.execute(statement).all()
    ordered = ordered_by_member(session, {contract.id for _, contract, _ in rows})
    envelopes = find_envelopes(session, {contract.lot_id for _, contract, _ in rows})
    factors = factors_on(session, {contract.id for _, contract, _ in rows}, today)
    grouped: dict[tuple[UUID, UUID], tuple[Establishment, list[Place]]] = {}
    for member, contract, site in rows:
        place = Place(
            contract, member, ordered.get((contract.id, site.id), 0), factors.get(contract.id, UNREVISED)
        )
        grouped.setdefault((site.id, contract.lot_id), (site, []))[1].append(place)
    return [_line(site, places, envelopes) for site, places in grouped.values()]


def _line(site: Establishment, places: list[Place], envelopes: dict[UUID, Envelope]) -> DeskLine:
    lot = places[0].contract.lot
    rooms = [room_of(place, envelopes[lot.id], lot.order_multiple) for place in places]
    known = [room for room in rooms if room is not None]
    return DeskLine(site, lot, tuple(places), max(known) if len(known) == len(rooms) else None)


def room_of(place: Place, envelope: Envelope, multiple: int) -> int | None:
    """The largest order still possible on one contract today, under its maximum and its lot's; None: no maximum."""
    contract, balance = place.contract, envelope.balance
    ceilings = (
        Ceiling(contract.maximum_quantity, contract.ordered_quantity, contract.maximum_amount, contract.ordered_amount),
        Ceiling(balance.maximum, balance.called_off, balance.maximum_amount, balance.called_off_amount),
    )
    return available(ceilings, place.unit_price * place.periods_from(clock.today()), multiple)


def ordered_by_member(session: Session, contract_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], int]:
    """Units that stand, by (contract, establishment)."""
    rows = session.execute(
        select(CallOff.contract_id, CallOff.establishment_id, func.sum(CallOff.standing_quantity))
        .where(CallOff.contract_id.in_(contract_ids))
        .group_by(CallOff.contract_id, CallOff.establishment_id)
    )
    return {(contract_id, site_id): int(total) for contract_id, site_id, total in rows}


@dataclass(frozen=True)
class ShownCartLine:
    """A cart line as it would be ordered now: `price` None when no contract of the lot takes orders from the site."""

    line: CartLine
    desk: DeskLine | None
    price: Price | None

    @property
    def is_too_much(self) -> bool:
        """Whether less than that is left."""
        left = None if self.desk is None else self.desk.orderable
        return left is not None and left < self.line.quantity


def shown_cart(lines: Sequence[CartLine], desk: Sequence[DeskLine]) -> list[ShownCartLine]:
    """The cart with today's prices, those of the best rank; the holder is chosen when it is placed."""
    places = {(line.site.id, line.lot.id): line for line in desk}
    found = []
    for line in lines:
        here = places.get((line.establishment_id, line.lot_id))
        found.append(ShownCartLine(line, here, None if here is None else price_at(here, line.quantity, line.starts_on)))
    return found


def price_at(desk: DeskLine, quantity: int, starts_on: date) -> Price | None:
    """What an order would cost at the best rank; None when its delivery lies after the contract."""
    place = desk.places[0]
    periods = place.periods_from(max(starts_on, clock.today()))
    return price(quantity, place.unit_price, periods) if periods else None


def list_peers(session: Session, actor: Actor, contract_ids: Collection[UUID]) -> list[tuple[UUID, Establishment]]:
    """Members one may hand a commitment to by name: of one's own organisation, or of the same grappe (ux.md)."""
    own = actor.organisation_ids(kind="care_operator")
    mine = select(ContractMember.contract_id, ContractMember.grappe_id).where(
        ContractMember.organisation_id.in_(own), ContractMember.contract_id.in_(contract_ids)
    )
    pairs = {(row.contract_id, row.grappe_id) for row in session.execute(mine) if row.grappe_id is not None}
    statement = (
        select(ContractMember)
        .where(ContractMember.contract_id.in_(contract_ids), ContractMember.until.is_(None))
        .join(Establishment, Establishment.id == ContractMember.establishment_id)
        .add_columns(Establishment)
        .order_by(Establishment.name, Establishment.id)
    )
    return [
        (member.contract_id, site)
        for member, site in session.execute(statement)
        if member.organisation_id in own or (member.contract_id, member.grappe_id) in pairs
    ]
