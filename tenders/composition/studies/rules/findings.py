"""What a study found, in euros and units: purchases, what each member pays and saves, who stays outside and why.

Savings are counted only against stand-alone prices that establishments stated themselves. A need without one carries a
penalty in the optimiser (snapshot.py); it is taken out of every figure here. The gap stays proven: among proposals that
leave no more outside, none costs less than `bound`.
"""
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Final
from uuid import UUID

from marketplace.platform.errors import N_, Sentence
from marketplace.platform.money import round_cents, split_by_largest_remainder
from tenders.composition.evaluator import Contract
from tenders.composition.instance import Instance, Offer
from tenders.composition.sharing import within_rooms
from tenders.composition.solve import Composition
from tenders.composition.studies.rules.snapshot import NO_OFFER

_FINEST: Final = Decimal("0.0001")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class PricedNeed:
    """What is needed to speak of a need: whether its stand-alone price was stated, and its periods over the term."""

    has_price: bool
    periods: int


@dataclass(frozen=True)
class Purchase:
    """A proposed pooled purchase (achat groupé). Unit prices per unit and period, amounts over the term, excluding VAT.

    `stated_amount` is what the members that stated a price pay here, `alone_amount` what they would pay alone. `margin`
    is how far the volume lies above the offer's minimum; `next_from` where the next bracket begins.
    """

    number: int
    offer_id: UUID
    category: str
    members: tuple[int, ...]
    quantity: int
    bracket_from: int
    bracket_to: int
    unit_price: Decimal
    minimum: int
    capacity: int
    mobilisation: Decimal
    amount: Decimal
    stated_amount: Decimal
    alone_amount: Decimal
    reference_unit_price: Decimal
    next_from: int | None
    next_unit_price: Decimal | None

    @property
    def margin(self) -> int:
        """Units above the offer's minimum."""
        return self.quantity - self.minimum

    @property
    def saving(self) -> Decimal:
        """Euros that members with a stated price save together."""
        return self.alone_amount - self.stated_amount


@dataclass(frozen=True)
class Place:
    """What becomes of one need: the number of its purchase and what it pays, or why it stays outside."""

    purchase: int | None
    amount: Decimal | None
    alone_amount: Decimal | None
    outside: Sentence | None

    @property
    def saving(self) -> Decimal | None:
        """Euros saved over the term; None outside, or without a stated price."""
        if self.amount is None or self.alone_amount is None:
            return None
        return self.alone_amount - self.amount


@dataclass(frozen=True)
class Findings:
    """The whole answer: `cost` of the purchases and of those who buy alone at a stated price, and a proven `bound`."""

    purchases: tuple[Purchase, ...]
    places: tuple[Place, ...]
    cost: Decimal
    bound: Decimal
    complaint: tuple[int, Decimal] | None

    @property
    def gap(self) -> Decimal:
        """At most this share of the cost could be saved by another proposal, six decimals, rounded up."""
        if self.cost <= 0:
            return Decimal(0)
        share = (self.cost - self.bound) / self.cost
        return max(Decimal(0), share).quantize(Decimal("0.000001"), ROUND_UP)

    @property
    def saving(self) -> Decimal:
        """Against the stated stand-alone prices of those who are in a purchase."""
        return sum((one.saving for one in self.purchases), Decimal(0))

    @property
    def outside(self) -> int:
        """Needs of the instance that stay outside."""
        return sum(place.purchase is None for place in self.places)


def find(composition: Composition, needs: Sequence[PricedNeed]) -> Findings:
    """The composition in words and figures; `needs` in the instance's order."""
    instance, contracts = composition.instance, composition.evaluation.contracts
    order = sorted(contracts, key=lambda one: (instance.offers[one.offer].category, -one.volume, one.offer))
    numbers = {member: number for number, one in enumerate(order, 1) for member in one.members}
    eligible = _Eligible(instance, {one.offer: one for one in contracts})
    alone = [_alone(instance, position, need) for position, need in enumerate(needs)]
    paid = {position: cents for one in contracts for position, cents in _in_cents(composition, one, alone).items()}
    places = [
        Place(numbers[position], Decimal(paid[position]).scaleb(-2), alone[position], None)
        if position in numbers
        else Place(None, None, alone[position], eligible.why_outside(position, need))
        for position, need in enumerate(needs)
    ]
    penalty = sum(
        instance.needs[position].quantity * instance.needs[position].alone_price
        for position, need in enumerate(needs)
        if not need.has_price and position not in numbers
    )
    complaint = composition.complaint
    cost = round_cents(instance.euros(composition.evaluation.cost - penalty))
    bound = instance.euros(max(0, composition.bound - penalty)).quantize(_CENT, ROUND_FLOOR)
    return Findings(
        purchases=tuple(_purchase(composition, number, one, needs, places) for number, one in enumerate(order, 1)),
        places=tuple(places),
        cost=cost,
        bound=min(cost, bound),
        complaint=(len(complaint.needs), instance.euros(complaint.amount)) if complaint and _is_real(complaint.needs, needs)
        else None,
    )  # fmt: skip


def _is_real(positions: Sequence[int], needs: Sequence[PricedNeed]) -> bool:
    """A complaint that rests on a penalty is none."""
    return all(needs[position].has_price for position in positions)


def _alone(instance: Instance, position: int, need: PricedNeed) -> Decimal | None:
    row = instance.needs[position]
    return round_cents(instance.euros(row.quantity * row.alone_price)) if need.has_price else None


def _in_cents(composition: Composition, contract: Contract, alone: Sequence[Decimal | None]) -> dict[int, int]:
    """What each member pays in cents: adds up to the contract's amount, nobody a cent above its stand-alone amount."""
    total = int(round_cents(composition.instance.euros(contract.cost)).scaleb(2))
    parts = split_by_largest_remainder(total, [composition.shares[one] for one in contract.members])
    ceilings = [alone[one] for one in contract.members]
    rooms = [total if ceiling is None else int(ceiling.scaleb(2)) for ceiling in ceilings]
    return dict(zip(contract.members, within_rooms(parts, rooms), strict=True))


def _purchase(
    composition: Composition, number: int, contract: Contract, needs: Sequence[PricedNeed], places: Sequence[Place]
) -> Purchase:
    instance = composition.instance
    offer = instance.offers[contract.offer]
    bracket = offer.bracket_at(contract.volume)
    if bracket is None:
        raise LookupError("an evaluated contract has a bracket")
    periods = needs[contract.members[0]].periods
    following = next((one for one in offer.brackets if one.first > contract.volume), None)
    stated = [place for place in (places[one] for one in contract.members) if place.alone_amount is not None]
    dearest = max(
        Decimal(composition.shares[one]) / instance.needs[one].quantity for one in contract.members
    ) / instance.coins / periods  # fmt: skip
    return Purchase(
        number=number,
        offer_id=UUID(offer.id),
        category=instance.categories[offer.category],
        members=contract.members,
        quantity=contract.volume,
        bracket_from=bracket.first,
        bracket_to=bracket.last,
        unit_price=_per_unit(instance, bracket.unit_price, periods),
        minimum=offer.brackets[0].first,
        capacity=offer.brackets[-1].last,
        mobilisation=round_cents(instance.euros(offer.mobilisation)),
        amount=round_cents(instance.euros(contract.cost)),
        stated_amount=sum((place.amount or Decimal(0) for place in stated), Decimal(0)),
        alone_amount=sum((place.alone_amount or Decimal(0) for place in stated), Decimal(0)),
        reference_unit_price=dearest.quantize(_FINEST, ROUND_UP),
        next_from=following.first if following else None,
        next_unit_price=_per_unit(instance, following.unit_price, periods) if following else None,
    )


def _per_unit(instance: Instance, coins: int, periods: int) -> Decimal:
    return (Decimal(coins) / instance.coins / periods).quantize(_FINEST, ROUND_HALF_UP)


class _Eligible:
    """Who could be served by what, asked for those left outside."""

    def __init__(self, instance: Instance, contracts: dict[int, Contract]) -> None:
        self.instance, self.contracts = instance, contracts
        self._offers: dict[int, list[int]] = defaultdict(list)
        for position, offer in enumerate(instance.offers):
            self._offers[offer.category].append(position)
        self._reach: dict[int, int] = {}

    def why_outside(self, position: int, need: PricedNeed) -> Sentence:
        """The nearest reason: too dear whatever the volume, a minimum out of reach, no room left, or not worth it."""
        row, who = self.instance.needs[position], self.instance.establishments[self.instance.needs[position].establishment]
        able = [one for one in self._offers[row.category] if self._serves(one, who.region, who.requires)]
        offers = [self.instance.offers[one] for one in able]
        if not able:
            return Sentence("no_offer", NO_OFFER)
        if need.has_price and all(_lowest(offer, who.region) >= row.alone_price for offer in offers):
            return Sentence("cheaper_alone", CHEAPER_ALONE)
        short = [one for one in able if self._reachable(one) < self.instance.offers[one].brackets[0].first]
        if len(short) == len(able):
            nearest = min(short, key=lambda one: self.instance.offers[one].brackets[0].first - self._reachable(one))
            values = {"minimum": self.instance.offers[nearest].brackets[0].first, "reached": self._reachable(nearest)}
            return Sentence("minimum_out_of_reach", OUT_OF_REACH, values)
        open_room = [one for one in able if one not in short and self._room(one) >= row.quantity]
        return Sentence("not_worth_it", NOT_WORTH_IT) if open_room else Sentence("no_room_left", NO_ROOM)

    def _serves(self, offer: int, region: str, requires: frozenset[str]) -> bool:
        provider = self.instance.providers[self.instance.offers[offer].provider]
        return region in provider.regions and requires <= provider.certificates

    def _reachable(self, offer: int) -> int:
        """The volume of everybody the offer could serve."""
        if offer not in self._reach:
            category = self.instance.offers[offer].category
            self._reach[offer] = sum(
                need.quantity for need in self.instance.needs if need.category == category and self._serves(
                    offer, self.instance.establishments[need.establishment].region,
                    self.instance.establishments[need.establishment].requires,
                )
            )  # fmt: skip
        return self._reach[offer]

    def _room(self, offer: int) -> int:
        taken = self.contracts[offer].volume if offer in self.contracts else 0
        return self.instance.offers[offer].brackets[-1].last - taken


def _lowest(offer: Offer, region: str) -> int:
    """What a unit costs at least, in coins."""
    return min(bracket.unit_price for bracket in offer.brackets) + offer.uplift.get(region, 0)


CHEAPER_ALONE: Final = N_("Le prix payé seul est inférieur à la meilleure tranche des fiches possibles.")
OUT_OF_REACH: Final = N_(
    "Le minimum des fiches possibles n'est pas atteint : {minimum} unités demandées au plus près, {reached} réunies en tout."
)
NO_ROOM: Final = N_("La capacité des fiches possibles est prise par d'autres membres.")
NOT_WORTH_IT: Final = N_(
    "Le faire entrer coûterait plus, pour l'ensemble, que ce qu'il paie seul, ou dépasserait les limites de membres."
)
