"""Who pays what: each contract's cost over its own members, nobody above what buying alone costs.

Everybody in a contract pays the same unit price, mobilisation by volume, and its own regional uplift. Where that is
more than a member would pay alone, the others of the same contract carry the excess by volume, up to what each of
them would pay alone. Coins by largest remainder. With identical needs the equal price is in the core; with
different eligibility it need not be: see complaints.py.
"""
from collections.abc import Sequence

from tenders.composition.evaluator import Contract, Evaluation, NotFeasible
from tenders.composition.instance import Instance


def share(instance: Instance, assignment: Sequence[int], evaluation: Evaluation) -> list[int]:
    """Coins each need pays; per contract they add up to its cost, and none is above its stand-alone cost.

    NotFeasible when a contract costs more than its members would pay alone: it should not exist.
    """
    shares = [
        need.quantity * need.alone_price if offer < 0 else 0
        for need, offer in zip(instance.needs, assignment, strict=True)
    ]
    for contract in evaluation.contracts:
        for member, amount in zip(contract.members, share_contract(instance, contract), strict=True):
            shares[member] = amount
    return shares


def share_contract(instance: Instance, contract: Contract) -> list[int]:
    """Coins of each member of one contract, in the order of its members."""
    needs = [instance.needs[member] for member in contract.members]
    quantities = [need.quantity for need in needs]
    alone = [need.quantity * need.alone_price for need in needs]
    if sum(alone) < contract.cost:
        raise NotFeasible(f"{instance.offers[contract.offer].id} costs more than its members pay alone")
    rooms = [ceiling - uplift for ceiling, uplift in zip(alone, contract.uplifts, strict=True)]
    pooled = _fill(contract.pooled_cost, quantities, rooms)
    return [part + uplift for part, uplift in zip(pooled, contract.uplifts, strict=True)]


def _fill(cost: int, quantities: list[int], rooms: list[int]) -> list[int]:
    """`cost` by quantity, but to nobody more than its room; a room may be negative (the uplift alone is too dear)."""
    fixed: dict[int, int] = {}
    while True:
        free = [place for place in range(len(rooms)) if place not in fixed]
        left, units = cost - sum(fixed.values()), sum(quantities[place] for place in free)
        over = [place for place in free if left * quantities[place] > rooms[place] * units]
        if not over:
            break
        fixed.update((place, rooms[place]) for place in over)
    parts = [fixed.get(place, 0) for place in range(len(rooms))]
    for place, amount in zip(free, _largest_remainder(left, [quantities[place] for place in free]), strict=True):
        parts[place] = amount
    return within_rooms(parts, rooms)


def _largest_remainder(total: int, weights: list[int]) -> list[int]:
    """`total` coins by weight: whole coins first, then one more to the largest remainders (ties: first come)."""
    units = sum(weights)
    if not units:
        return []
    parts = [total * weight // units for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % units), place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def within_rooms(parts: list[int], rooms: list[int]) -> list[int]:
    """A last coin above a room goes to a member that still has one."""
    excess = 0
    for place, room in enumerate(rooms):
        if parts[place] > room:
            excess += parts[place] - room
            parts[place] = room
    for place, room in enumerate(rooms):
        given = min(excess, room - parts[place])
        parts[place] += given
        excess -= given
    return parts
