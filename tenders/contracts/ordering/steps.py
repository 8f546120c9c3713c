"""Steps that write orders: each ask is held against contract, holder and room, then all are written or none is."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id
from marketplace.platform.errors import RuleBroken, Sentence
from marketplace.platform.facts import pack
from marketplace.platform.permissions import Actor, allowed
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering import notices
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.ground import Ground, approving_roles, find_limits, roles_in
from tenders.contracts.ordering.rules.approving import is_within, limit_of
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
class Offered:
    """A price asked of a holder for one order, euros excluding VAT per unit and period; `choice` once it has won."""

    unit_price: Decimal
    choice: Choice | None = None


@dataclass(frozen=True)
class Ask:
    """One order asked for. `line` names it in refusals. `refused_by`: contracts whose holder refused it before.

    `offered`: what its holder asks for it, where the lot's holders compete for each order.
    """

    line: str
    establishment_id: UUID
    lot_id: UUID
    quantity: int
    starts_on: date
    purchase_order_reference: str | None = None
    note: str | None = None
    refused_by: frozenset[UUID] = frozenset()
    offered: Offered | None = None


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
    won = ask.offered.choice if ask.offered else None
    choice = won or _choose(ground, ask, taken)
    contract = next(each for each in ground.contracts[ask.lot_id] if each.id == choice.contract_id)
    check_agreement(agreement_of(ground, contract, ask), clock.today(), ask.starts_on, ask.quantity)
    member = ground.members[contract.id, ask.establishment_id]
    priced = price_of_ask(ground, contract, ask)
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
            "Les titulaires de ce lot donnent un prix à chaque commande : ouvrez une mise en concurrence au lieu de commander.",
        )
    if len(contracts) == 1 and not ask.refused_by:
        return choose_holder("single", [Holder(contracts[0].id, contracts[0].holder.name)], ask.quantity)
    holders = [holder_of(ground, each, ask, taken) for each in contracts]
    check_some_room(contracts, holders, ask)
    return choose_holder(method, holders, ask.quantity, ask.refused_by)


def check_some_room(contracts: Sequence[Contract], holders: Sequence[Holder], ask: Ask) -> None:
    """Refuse what no holder has room for, with the most that one of them still has. RuleBroken `envelope_exhausted`."""
    whole = [each for each in holders if each.hindrance is None and each.contract_id not in ask.refused_by]
    if whole and all(each.available is not None and each.available < ask.quantity for each in whole):
        left = max(each.available or 0 for each in whole)
        raise exhausted(left, ask.quantity, unit_of(contracts[0].unit, left))


def holder_of(ground: Ground, contract: Contract, ask: Ask, taken: _Taken | None = None) -> Holder:
    """A contract as it stands before an ask: what hinders its holder today, and how many units it could still take."""
    hindrance, room, taken = None, None, taken or _Taken()
    try:
        check_agreement(agreement_of(ground, contract, ask), clock.today(), ask.starts_on, ask.quantity)
        priced = price_of_ask(ground, contract, ask)
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


def price_of_ask(ground: Ground, contract: Contract, ask: Ask) -> Price:
    """What an ask costs on a contract today, at the price offered for it where there is one."""
    member = ground.members[contract.id, ask.establishment_id]
    own = price_of_member(ground, member)
    # Revised since the offer, the contract's price may be the lower one: nobody pays more than it.
    unit_price = own if ask.offered is None else min(own, ask.offered.unit_price)
    return price(ask.quantity, unit_price, periods_of(contract, ask.starts_on))


def price_of_member(ground: Ground, member: ContractMember) -> Decimal:
    """A member's frozen price per unit and period, indexed as of today."""
    return indexed(member.unit_price, ground.factors.get(member.contract_id, UNREVISED))


def periods_of(contract: Contract, starts_on: date) -> int:
    """How often the price falls due on a contract when delivery starts on a day."""
    return periods_left(starts_on, last_day_of(contract), contract.price_period, contract.charged_months)


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


def place_orders(
    session: Session, actor: Actor, organisation_id: UUID, ground: Ground, asks: Sequence[Ask]
) -> list[CallOff]:
    """Step: order these lines for sites of one organisation, all or none, on a ground locked by `lock_ground`.

    Within the limit of the person who places them, for their sum, they are approved and sent at once; else they wait.
    """
    settled = settle(ground, asks)
    limits = find_limits(session, organisation_id)
    total = sum((one.price.amount for one in settled), Decimal(0))
    within = is_within(total, limit_of(roles_in(actor, organisation_id), limits))
    approves = within and allowed(actor, "call_off.approve", own=organisation_id)
    orders = write_orders(session, ground, settled, Placer(actor.own_id, actor.own_id if approves else None))
    audit.record_all(session, actor, [_placed(one, order) for one, order in zip(settled, orders, strict=True)])
    told = [notices.sent(order) if order.sent_at else notices.to_approve(order, approving_roles(limits)) for order in orders]
    tell_many(session, told)
    return orders


def _placed(one: Settled, order: CallOff) -> audit.Act:
    return audit.Act(
        "call_off.placed", "call_off", order.id, order.organisation_id,
        after={
            "contract_id": order.contract_id, "number": order.number, "establishment_id": order.establishment_id,
            "quantity": order.quantity, "amount": order.amount, "chosen": one.choice.reason.code,
            "passed_over": [each.contract_id for each in one.choice.passed], "status": order.status,
        },
    )  # fmt: skip


def give_back(session: Session, contract: Contract, quantity: int, amount: Decimal, by: UUID | None) -> None:
    """Step: units and euros of an order that no longer stand return to the contract and to the lot's envelope."""
    if quantity:
        count_call_off(session, contract, -quantity, -amount, by=by)


def packed(reason: Sentence) -> dict[str, object]:
    """A sentence as it is stored beside an order."""
    kept: dict[str, object] = pack(reason)
    return kept
