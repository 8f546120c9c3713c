"""Which needs are alike, which offers they may go to and what a unit costs there: the problem as arrays."""
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tenders.composition.instance import Instance, Limits

MOST_CLASSES: Final = 6000
"""Above, stand-alone prices are taken together in steps (at the lowest of the step, so the bound stays valid)."""
PRICE_STEPS: Final = 6

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """What moves as one: a need, or all needs of a group kept together in one category."""

    category: int
    needs: tuple[int, ...]
    quantity: int
    alone_cost: int


@dataclass(frozen=True, slots=True)
class Model:
    """The problem as arrays. O offers, J brackets at most, C categories, K classes of a category at most.

    Money is in coins (floats here; the evaluator counts in whole coins), volumes in units. Slot k of category c is
    one class. `unit_cost[o, k]` is the uplift of offer o for class k, inf when not eligible. A bracket that cannot
    be reached has `first` above `last`.
    """

    blocks: tuple[Block, ...]
    block_slot: Whole
    block_quantity: Whole
    block_members: Whole
    slot_quantity: Floats
    slot_alone: Floats
    slot_largest: Floats
    slot_smallest: Floats
    slot_members: Floats
    category: Whole
    provider: Whole
    mobilisation: Floats
    workload: Floats
    first: Whole
    last: Whole
    price: Floats
    unit_cost: Floats
    most: Floats
    capacity: Floats
    limits: Limits
    is_exact: bool

    @property
    def offers(self) -> int:
        """How many offers there are."""
        return len(self.category)

    def blocks_of(self, category: int) -> Whole:
        """Positions of a category's blocks."""
        return np.flatnonzero(self.block_category == category)

    @property
    def block_category(self) -> Whole:
        """The category of each block."""
        return np.fromiter((block.category for block in self.blocks), np.int64, len(self.blocks))


def blocks_of_instance(instance: Instance, limits: Limits) -> tuple[Block, ...]:
    """Needs that move as one, in the order of their first need."""
    group_of = {member: number for number, group in enumerate(limits.together) for member in group}
    taken: dict[Hashable, list[int]] = defaultdict(list)
    for position, need in enumerate(instance.needs):
        group = group_of.get(need.establishment)
        taken[position if group is None else ("group", group, need.category)].append(position)
    return tuple(_block(instance, needs) for needs in taken.values())


def _block(instance: Instance, positions: list[int]) -> Block:
    needs = [instance.needs[position] for position in positions]
    return Block(
        needs[0].category,
        tuple(positions),
        sum(need.quantity for need in needs),
        sum(need.quantity * need.alone_price for need in needs),
    )


def build_model(
    instance: Instance, limits: Limits, blocks: Sequence[Block], *, one_by_one: bool = False
) -> Model:
    """The model of these blocks, alike ones in one class; `one_by_one` makes each block a class of its own."""
    kinds = [_kind(instance, block) for block in blocks]
    keys = list(range(len(blocks))) if one_by_one else _class_keys(blocks, kinds)
    slot_of: list[dict[Hashable, int]] = [{} for _ in instance.categories]
    slots = np.zeros(len(blocks), np.int64)
    for place, (block, key) in enumerate(zip(blocks, keys, strict=True)):
        known = slot_of[block.category]
        slots[place] = known.setdefault(key, len(known))
    width = max((len(known) for known in slot_of), default=0) or 1
    kind_at: list[list[Any]] = [[None] * width for _ in instance.categories]
    for block, slot, kind in zip(blocks, slots, kinds, strict=True):
        kind_at[block.category][slot] = kind
    unit_cost = np.full((len(instance.offers), width), np.inf)
    for position in range(len(instance.offers)):
        unit_cost[position] = _unit_costs(instance, position, kind_at)
    return _assemble(instance, limits, tuple(blocks), slots, unit_cost)


def _kind(instance: Instance, block: Block) -> tuple[Any, ...]:
    """What eligibility and price depend on: units by region (one region: just its name) and required certificates."""
    if len(block.needs) == 1:
        who = instance.establishments[instance.needs[block.needs[0]].establishment]
        return ((who.region, 1.0),), who.requires
    units: dict[str, int] = defaultdict(int)
    requires: frozenset[str] = frozenset()
    for position in block.needs:
        need = instance.needs[position]
        who = instance.establishments[need.establishment]
        units[who.region] += need.quantity
        requires |= who.requires
    return tuple(sorted((region, count / block.quantity) for region, count in units.items())), requires


def _class_keys(blocks: Sequence[Block], kinds: list[tuple[Any, ...]]) -> list[Hashable]:
    alone = np.array([block.alone_cost / block.quantity for block in blocks])
    keys: list[Hashable] = [(kind, price) for kind, price in zip(kinds, alone, strict=True)]
    if len({(block.category, key) for block, key in zip(blocks, keys, strict=True)}) <= MOST_CLASSES:
        return keys
    steps = np.unique(np.quantile(alone, np.linspace(0, 1, PRICE_STEPS + 1)[1:-1]))
    return list(zip(kinds, np.searchsorted(steps, alone, side="right").tolist(), strict=True))


def _unit_costs(instance: Instance, position: int, kind_at: list[list[Any]]) -> Floats:
    offer = instance.offers[position]
    provider = instance.providers[offer.provider]
    return np.array([
        np.inf if kind is None else _unit_cost(kind, offer.uplift, provider.regions, provider.certificates)
        for kind in kind_at[offer.category]
    ])  # fmt: skip


def _unit_cost(kind: Any, uplift: Any, regions: Iterable[str], certificates: frozenset[str]) -> float:
    parts, requires = kind
    if not requires <= certificates or any(region not in regions for region, _ in parts):
        return np.inf
    return float(sum(share * uplift.get(region, 0) for region, share in parts))


def _assemble(
    instance: Instance, limits: Limits, blocks: tuple[Block, ...], slots: Whole, unit_cost: Floats
) -> Model:
    shape = (len(instance.categories), unit_cost.shape[1])
    where = (np.fromiter((block.category for block in blocks), np.int64, len(blocks)), slots)
    quantity = np.fromiter((block.quantity for block in blocks), np.int64, len(blocks))
    alone = np.array([block.alone_cost / block.quantity for block in blocks])
    slot_quantity, slot_alone = np.zeros(shape), np.full(shape, np.inf)
    largest, smallest = np.zeros(shape), np.full(shape, np.inf)
    np.add.at(slot_quantity, where, quantity)
    np.minimum.at(slot_alone, where, alone)
    spread = np.full(shape, -np.inf)
    np.maximum.at(spread, where, alone)
    sizes = np.array([[len(block.needs), max(parts), min(parts)] for block, parts in _parts(instance, blocks)]).reshape(-1, 3)
    np.maximum.at(largest, where, sizes[:, 1])
    np.minimum.at(smallest, where, sizes[:, 2])
    members = np.zeros(shape)
    np.add.at(members, where, sizes[:, 0])
    offers = instance.offers
    category = np.array([offer.category for offer in offers], np.int64)
    first, last, price = _brackets(instance)
    most = np.where(np.isfinite(unit_cost), slot_quantity[category] if len(offers) else 0.0, 0.0)
    capacity = np.array([provider.workload_capacity for provider in instance.providers], float)
    first, last, most = _trimmed(instance, limits, blocks, where, (first, last, most))
    return Model(
        blocks, slots, quantity, sizes[:, 0].astype(np.int64), slot_quantity,
        np.where(np.isfinite(slot_alone), slot_alone, 0.0), largest, np.where(np.isfinite(smallest), smallest, 1.0),
        members,
        category, np.array([offer.provider for offer in offers], np.int64),
        np.array([offer.mobilisation for offer in offers], float),
        np.array([offer.workload_per_unit for offer in offers], float),
        first, last, price, unit_cost, most, capacity, limits, bool((spread <= slot_alone).all()),
    )  # fmt: skip


def _parts(instance: Instance, blocks: tuple[Block, ...]) -> Iterable[tuple[Block, list[int]]]:
    return ((block, [instance.needs[position].quantity for position in block.needs]) for block in blocks)


def _brackets(instance: Instance) -> tuple[Whole, Whole, Floats]:
    width = max((len(offer.brackets) for offer in instance.offers), default=1)
    shape = (len(instance.offers), width)
    first, last, price = np.ones(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape)
    for position, offer in enumerate(instance.offers):
        for number, bracket in enumerate(offer.brackets):
            first[position, number], last[position, number] = bracket.first, bracket.last
            price[position, number] = bracket.unit_price
    return first, last, price


def _trimmed(
    instance: Instance, limits: Limits, blocks: tuple[Block, ...], where: tuple[Whole, Whole],
    arrays: tuple[Whole, Whole, Floats],
) -> tuple[Whole, Whole, Floats]:
    """Brackets cut to what can be reached: eligible demand, the provider's workload, and the limits on members.

    With at most m members a contract's volume is at most the sum of its m largest eligible needs, of one class at
    most the sum of that class's m largest; with at least m members at least the m smallest. Needs are counted one by
    one even in groups, which only loosens the limits: the bound stays valid.
    """
    first, last, most = arrays
    reach = most.sum(axis=1)
    floor = np.zeros(len(most))
    if limits.most_members is not None or limits.least_members > 1:
        reach, floor, most = _member_limits(instance, limits, blocks, where, most)
    workload = np.array([offer.workload_per_unit for offer in instance.offers], np.int64)
    capacity = np.array([instance.providers[offer.provider].workload_capacity for offer in instance.offers], np.int64)
    ceiling = np.minimum(reach, np.where(workload > 0, capacity // np.maximum(workload, 1), reach)).astype(np.int64)
    return np.maximum(first, floor.astype(np.int64)[:, None]), np.minimum(last, ceiling[:, None]), most


def _member_limits(
    instance: Instance, limits: Limits, blocks: tuple[Block, ...], where: tuple[Whole, Whole], most: Floats
) -> tuple[Floats, Floats, Floats]:
    sorted_needs: dict[tuple[int, int], list[int]] = defaultdict(list)
    for block, slot in zip(blocks, where[1].tolist(), strict=True):
        sorted_needs[block.category, slot] += [instance.needs[position].quantity for position in block.needs]
    reach, floor, most = np.zeros(len(most)), np.zeros(len(most)), most.copy()
    for position, offer in enumerate(instance.offers):
        slots = np.flatnonzero(most[position] > 0).tolist()
        eligible = np.sort(np.array([q for slot in slots for q in sorted_needs[offer.category, slot]], np.int64))
        upper = len(eligible) if limits.most_members is None else min(limits.most_members, len(eligible))
        reach[position] = eligible[len(eligible) - upper :].sum()
        enough = len(eligible) >= limits.least_members
        floor[position] = eligible[: limits.least_members].sum() if enough else np.iinfo(np.int32).max
        for slot in slots:
            own = sorted(sorted_needs[offer.category, slot], reverse=True)
            most[position, slot] = sum(own[:upper])
    return reach, floor, most
