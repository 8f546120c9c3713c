"""Steps that write orders: each ask is held against contract, holder and room, then all are written or none is."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.database import new_id
from marketplace.platform.errors import RuleBroken, Sentence
from marketplace.platform.facts import pack
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.ground import Ground
from tenders.contracts.ordering.rules.holders import Choice, Holder, choose_holder
from tenders.contracts.ordering.rules.placing import (
    Agreement,
    Ceiling,
    LineRefused,
    available,
    cart_refusal,
    check_agreement,
    check_room,
    exhausted,
)
from tenders.contracts.ordering.rules.pricing import Price, indexed, periods_left, price
from tenders.contracts.rules.ending import last_day_of as last_day
from tenders.contracts.steps import count_call_off
from tenders.demand.words import unit_of


@dataclass(frozen=True)
class Ask:
    """One order asked for. `line` names it in refusals. `refused_by`: contracts whose holder refused it before."""

    line: str
    establishment_id: UUID
    lot_id: UUID
    quantity: int
    starts_on: date
    purchase_order_reference: str | None = None
    note: str | None = None
    refused_by: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Settled:
    """An ask that can be ordered: on which contract, why on that one, for which price, for whom."""

    ask: Ask
    contract: Contract
    choice: Choice
    price: Price
    organisation_id: UUID


@dataclass
class _Taken:
    """What the asks settled so far take, held against the maxima beside what was ordered before."""

    units: dict[UUID, int] = field(default_factory=dict)
    euros: dict[UUID, Decimal] = field(default_factory=dict)
    turns: list[UUID] = field(default_factory=list)

    def add(self, key: UUID, quantity: int, amount: Decimal) -> None:
        self.units[key] = self.units.get(key, 0) + quantity
        self.euros[key] = self.euros.get(key, Decimal(0)) + amount


def settle(ground: Ground, asks: Sequence[Ask]) -> list[Settled]:
    """What becomes of each ask, in order, the earlier ones counted; RuleBroken naming every line that cannot be."""
    settled: list[Settled] = []
    refused: list[LineRefused] = []
    taken = _Taken()
    for ask in asks:
        try:
            one = _settle(ground, ask, taken)
        except RuleBroken as why:
            refused.append(LineRefused(ask.line, ground.lots[ask.lot_id].title, why))
            continue
        settled.append(one)
        taken.turns.append(one.contract.id)
        for key in (one.contract.id, ask.lot_id):
            taken.add(key, ask.quantity, one.price.amount)
    if refused:
        raise cart_refusal(refused)
    return settled


def _settle(ground: Ground, ask: Ask, taken: _Taken) -> Settled:
    choice = _choose(ground, ask, taken)
    contract = next(each for each in ground.contracts[ask.lot_id] if each.id == choice.contract_id)
    check_agreement(agreement_of(ground, contract, ask), clock.today(), ask.starts_on, ask.quantity)
    member = ground.members[contract.id, ask.establishment_id]
    priced = _priced(ground, contract, ask)
    check_room(
        _ceilings(ground, contract, taken), ask.quantity, priced.amount, priced.unit_price * priced.periods,
        partial(unit_of, contract.unit), ground.lots[ask.lot_id].order_multiple,
    )  # fmt: skip
    return Settled(ask, contract, choice, priced, member.organisation_id)


def _choose(ground: Ground, ask: Ask, taken: _Taken) -> Choice:
    """The holder by the lot's method. With one contract its own refusals speak; with several each is looked at."""
    contracts = ground.contracts[ask.lot_id]
    method = contracts[0].holder_selection
    if method == "mini_competition" and len(contracts) > 1:
        raise RuleBroken(
            "competition_required",
            "Les titulaires de ce lot donnent un prix à chaque commande : demandez-leur une offre au lieu de commander.",
        )
    if len(contracts) == 1 and not ask.refused_by:
        return choose_holder("single", [Holder(contracts[0].id, contracts[0].holder.name)], ask.quantity)
    holders = [_holder(ground, each, ask, taken) for each in contracts]
    whole = [each for each in holders if each.hindrance is None and each.contract_id not in ask.refused_by]
    if whole and all(each.available is not None and each.available < ask.quantity for each in whole):
        left = max(each.available or 0 for each in whole)
        raise exhausted(left, ask.quantity, unit_of(contracts[0].unit, left))
    return choose_holder(method, holders, ask.quantity, ask.refused_by)


def _holder(ground: Ground, contract: Contract, ask: Ask, taken: _Taken) -> Holder:
    hindrance, room = None, None
    try:
        check_agreement(agreement_of(ground, contract, ask), clock.today(), ask.starts_on, ask.quantity)
        priced = _priced(ground, contract, ask)
        multiple = ground.lots[ask.lot_id].order_multiple
        room = available(_ceilings(ground, contract, taken), priced.unit_price * priced.periods, multiple)
    except RuleBroken as refused:
        hindrance = refused.sentence
    before = sorted(ground.last_order, key=lambda each: ground.last_order[each])
    order = [each for each in before if each not in taken.turns]
    order += sorted(set(taken.turns), key=lambda each: _last_place(taken.turns, each))
    return Holder(
        contract.id, contract.holder.name, contract.rank, contract.share_percent or Decimal(0),
        contract.ordered_quantity + taken.units.get(contract.id, 0), room,
        order.index(contract.id) + 1 if contract.id in order else 0, hindrance,
    )  # fmt: skip


def _last_place(turns: Sequence[UUID], contract_id: UUID) -> int:
    return max(place for place, each in enumerate(turns) if each == contract_id)


def agreement_of(ground: Ground, contract: Contract, ask: Ask) -> Agreement:
    """The contract on this day, for the ask's establishment, as the rule reads it."""
    today = clock.today()
    member = ground.members.get((contract.id, ask.establishment_id))
    entitled = member is not None and member.since <= today and (member.until is None or today <= member.until)
    reason = contract.suspension_reason
    return Agreement(
        is_active=contract.status in ("active", "upcoming", "ended"),
        is_suspended=contract.status == "suspended",
        starts_on=contract.starts_on,
        ends_on=last_day_of(contract),
        is_entitled=entitled,
        lacks_adhesion=member is not None and lacks_adhesion(ground, contract.lot_id, member.organisation_id),
        order_multiple=ground.lots[ask.lot_id].order_multiple,
        unfit=ground.unfit[contract.id],
        suspension_reason=reason,
    )


def last_day_of(contract: Contract) -> date:
    """The last day of the contract: its term's, or the day before its termination takes effect."""
    return last_day(contract.ends_on, contract.terminated_on)


def lacks_adhesion(ground: Ground, lot_id: UUID, organisation_id: UUID) -> bool:
    """Whether the lot's vehicle was opened with its convention required, and the organisation did not sign it."""
    vehicle = ground.lots[lot_id].vehicle
    return vehicle.requires_convention and (vehicle.id, organisation_id) not in ground.adhering


def _priced(ground: Ground, contract: Contract, ask: Ask) -> Price:
    member = ground.members[contract.id, ask.establishment_id]
    periods = periods_left(ask.starts_on, last_day_of(contract), contract.price_period, contract.term_months)
    return price(ask.quantity, indexed(member.unit_price, ground.factors.get(contract.id, UNREVISED)), periods)


def _ceilings(ground: Ground, contract: Contract, taken: _Taken) -> list[Ceiling]:
    """The maxima of the contract and of its lot, with what was ordered before and earlier in the same cart."""
    balance, lot_id = ground.envelopes[contract.lot_id].balance, contract.lot_id
    return [
        Ceiling(
            contract.maximum_quantity, contract.ordered_quantity + taken.units.get(contract.id, 0),
            contract.maximum_amount, contract.ordered_amount + taken.euros.get(contract.id, Decimal(0)),
        ),
        Ceiling(
            balance.maximum, balance.called_off + taken.units.get(lot_id, 0),
            balance.maximum_amount, balance.called_off_amount + taken.euros.get(lot_id, Decimal(0)),
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Placer:
    """Who places orders, and who approves them at once: None when they wait for somebody else."""

    user_id: UUID
    approver_id: UUID | None


def write_orders(
    session: Session, ground: Ground, settled: Sequence[Settled], placer: Placer, replaces: CallOff | None = None
) -> list[CallOff]:
    """Step: number, write and count the orders; what is approved is sent in the same moment."""
    now = clock.now()
    orders = []
    for place, one in enumerate(settled):
        ask, contract = one.ask, one.contract
        ground.numbers[contract.id] = ground.numbers.get(contract.id, 0) + 1
        approved_at = now if placer.approver_id is not None else None
        order = CallOff(
            id=new_id(), number=ground.numbers[contract.id], contract_id=contract.id, lot_id=ask.lot_id,
            establishment_id=ask.establishment_id, organisation_id=one.organisation_id, quantity=ask.quantity,
            unit=contract.unit, unit_price=one.price.unit_price, price_period=contract.price_period,
            periods=one.price.periods, amount=one.price.amount, vat_rate=one.price.vat_rate,
            amount_incl_vat=one.price.amount_incl_vat, starts_on=ask.starts_on,
            purchase_order_reference=ask.purchase_order_reference, note=ask.note, choice=packed(one.choice.reason),
            replaces_id=None if replaces is None else replaces.id,
            placed_at=now + timedelta(microseconds=place), placed_by=placer.user_id,
            approved_at=approved_at, approved_by=placer.approver_id, sent_at=approved_at,
        )  # fmt: skip
        session.add(order)
        orders.append(order)
        session.flush()
        count_call_off(session, contract, ask.quantity, one.price.amount, by=placer.user_id)
    return orders


def give_back(session: Session, contract: Contract, quantity: int, amount: Decimal, by: UUID | None) -> None:
    """Step: units and euros of an order that no longer stand return to the contract and to the lot's envelope."""
    if quantity:
        count_call_off(session, contract, -quantity, -amount, by=by)


def packed(reason: Sentence) -> dict[str, object]:
    """A sentence as it is stored beside an order."""
    kept: dict[str, object] = pack(reason)
    return kept
