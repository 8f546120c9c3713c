"""What an assignment really costs and which rule it breaks: everything again from scratch, in whole coins."""
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tenders.composition.instance import NO_LIMITS, Instance, Limits


@dataclass(frozen=True, slots=True)
class Contract:
    """One pooled purchase: its members (positions of needs), what their provider asks, and their uplifts, in coins."""

    offer: int
    members: tuple[int, ...]
    volume: int
    pooled_cost: int
    uplifts: tuple[int, ...]

    @property
    def cost(self) -> int:
        """Volume at the bracket's price, mobilisation, and every member's uplift."""
        return self.pooled_cost + sum(self.uplifts)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The cost in coins, the contracts, and every violation in words; an answer has none."""

    cost: int
    contracts: tuple[Contract, ...]
    violations: tuple[str, ...]


class NotFeasible(Exception):
    """Somebody handed over an assignment that breaks a rule."""


def evaluate(instance: Instance, assignment: Sequence[int], limits: Limits = NO_LIMITS) -> Evaluation:
    """Cost and violations of `assignment`: for each need the position of its offer, or -1 when it stays outside."""
    if len(assignment) != len(instance.needs):
        raise ValueError(f"{len(assignment)} assignments for {len(instance.needs)} needs")
    violations: list[str] = []
    members: dict[int, list[int]] = defaultdict(list)
    outside = 0
    for position, offer in enumerate(assignment):
        need = instance.needs[position]
        if offer < 0:
            outside += need.quantity * need.alone_price
        else:
            members[offer].append(position)
            violations += _ineligible(instance, position, offer)
    contracts = []
    for offer in sorted(members):
        contract, broken = _contract(instance, offer, members[offer], limits)
        contracts.append(contract)
        violations += broken
    violations += _overworked(instance, contracts) + _separated(instance, assignment, limits)
    return Evaluation(outside + sum(one.cost for one in contracts), tuple(contracts), tuple(violations))


def _ineligible(instance: Instance, position: int, offer_position: int) -> list[str]:
    need, offer = instance.needs[position], instance.offers[offer_position]
    who, provider = instance.establishments[need.establishment], instance.providers[offer.provider]
    broken = []
    if offer.category != need.category:
        broken.append(f"{who.id}: {offer.id} does not serve category {instance.categories[need.category]}")
    if who.region not in provider.regions:
        broken.append(f"{who.id}: {offer.id} does not cover region {who.region}")
    if not who.requires <= provider.certificates:
        broken.append(f"{who.id}: {offer.id} lacks {', '.join(sorted(who.requires - provider.certificates))}")
    return broken


def _contract(instance: Instance, position: int, members: list[int], limits: Limits) -> tuple[Contract, list[str]]:
    offer = instance.offers[position]
    volume = sum(instance.needs[one].quantity for one in members)
    uplifts = tuple(
        instance.needs[one].quantity * offer.uplift.get(instance.establishments[instance.needs[one].establishment].region, 0)
        for one in members
    )
    broken = []
    bracket = offer.bracket_at(volume)
    if bracket is None:
        minimum, capacity = offer.brackets[0].first, offer.brackets[-1].last
        broken.append(f"{offer.id}: volume {volume} is in no bracket (minimum {minimum}, capacity {capacity})")
    if len(members) < limits.least_members:
        broken.append(f"{offer.id}: {len(members)} members, at least {limits.least_members} are wanted")
    if limits.most_members is not None and len(members) > limits.most_members:
        broken.append(f"{offer.id}: {len(members)} members, at most {limits.most_members} are allowed")
    pooled = offer.mobilisation + volume * (bracket.unit_price if bracket else 0)
    return Contract(position, tuple(members), volume, pooled, uplifts), broken


def _overworked(instance: Instance, contracts: list[Contract]) -> list[str]:
    load: Counter[int] = Counter()
    for contract in contracts:
        offer = instance.offers[contract.offer]
        load[offer.provider] += contract.volume * offer.workload_per_unit
    return [
        f"{instance.providers[provider].id}: workload {units} above {instance.providers[provider].workload_capacity}"
        for provider, units in load.items()
        if units > instance.providers[provider].workload_capacity
    ]


def _separated(instance: Instance, assignment: Sequence[int], limits: Limits) -> list[str]:
    group_of = {member: number for number, group in enumerate(limits.together) for member in group}
    chosen: dict[tuple[int, int], set[int]] = defaultdict(set)
    for need, offer in zip(instance.needs, assignment, strict=True):
        if need.establishment in group_of:
            chosen[group_of[need.establishment], need.category].add(offer)
    return [
        f"group {group} is not kept together in category {instance.categories[category]}"
        for (group, category), offers in chosen.items()
        if len(offers) > 1
    ]
