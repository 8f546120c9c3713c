"""Better by small steps: one need moves, two needs change places, a contract is given up; costs by bracket are exact.

Penalties for volumes no bracket holds and for too much work make the same steps a repair. Heuristic: what it finds
is evaluated, how good it is is said by the bound.
"""
from typing import Final

import numpy as np

from tenders.composition.classes import Whole
from tenders.composition.deadline import Deadline
from tenders.composition.plan import OUTSIDE, Plan

LEAST_GAIN: Final = 0.5
MOST_PASSES: Final = 400
MOST_PAIRS: Final = 400_000
MOST_MENDINGS: Final = 5


def improve(plan: Plan, deadline: Deadline, rng: np.random.Generator, *, swaps: bool = True) -> None:
    """Shift, give up and swap until nothing helps, category by category."""
    for category in np.unique(plan.category).tolist():
        blocks = np.flatnonzero(plan.category == category)
        offers = np.flatnonzero(plan.model.category == category)
        shift(plan, blocks, offers, deadline)
        while give_up(plan, blocks, offers, deadline) or (swaps and swap(plan, blocks, offers, deadline, rng)):
            shift(plan, blocks, offers, deadline)
            if deadline.is_over():
                return


def shift_all(plan: Plan, deadline: Deadline) -> None:
    """Shift in every category until nothing helps."""
    for category in np.unique(plan.category).tolist():
        if deadline.is_over():
            return
        shift(plan, np.flatnonzero(plan.category == category), np.flatnonzero(plan.model.category == category), deadline)


def mend_all(plan: Plan, deadline: Deadline) -> None:
    """Bring contracts whose volume no bracket holds back into one by exchanging needs with the others."""
    model = plan.model
    for _round in range(MOST_MENDINGS):
        held = ((model.first <= plan.volume[:, None]) & (plan.volume[:, None] <= model.last)).any(axis=1)
        over = plan.load[model.provider] > model.capacity[model.provider]
        gained = False
        for offer in np.flatnonzero((plan.volume > 0) & (~held | over)).tolist():
            blocks = np.flatnonzero(plan.category == model.category[offer])
            running = np.flatnonzero((plan.volume > 0) & (model.category == model.category[offer]))
            for other in running[running != offer].tolist():
                if deadline.is_over():
                    return
                gained |= _swap_between(plan, blocks, offer, other)
        if not gained:
            return


def shift(plan: Plan, blocks: Whole, offers: Whole, deadline: Deadline) -> int:
    """Move single blocks between open contracts and outside while that gains; how many moved."""
    moved = 0
    for _ in range(MOST_PASSES):
        chosen = _best_shifts(plan, blocks, offers[plan.volume[offers] > 0])
        for block, target in chosen:
            plan.move(block, target)
        moved += len(chosen)
        if not chosen or deadline.is_over():
            break
    return moved


def _leaving(plan: Plan, blocks: Whole) -> np.ndarray:
    """What each block's departure saves (its stand-alone cost when it is outside)."""
    model, source = plan.model, plan.offer[blocks]
    inside, quantity = source >= 0, model.block_quantity[blocks]
    at = np.where(inside, source, 0)
    if not model.offers:
        return plan.alone[blocks]
    volume, members = plan.volume[at], plan.members[at]
    saved = (
        plan.contract_cost(at, volume, members)
        - plan.contract_cost(at, np.maximum(volume - quantity, 0), members - model.block_members[blocks])
        + np.where(inside, plan.uplift(at, blocks), 0.0)
        - plan.work_cost(at, -quantity * model.workload[at])
    )
    return np.where(inside, saved, plan.alone[blocks])


def _joining(plan: Plan, blocks: Whole, offers: Whole) -> np.ndarray:
    """offers × blocks: what each block's arrival costs; inf where it is not eligible or is already."""
    model = plan.model
    column, quantity = offers[:, None], model.block_quantity[blocks][None, :]
    volume, members = plan.volume[column], plan.members[column]
    cost = (
        plan.contract_cost(column, volume + quantity, members + model.block_members[blocks][None, :])
        - plan.contract_cost(column, volume, members)
        + plan.uplift(column, blocks[None, :])
        + plan.work_cost(column, quantity * model.workload[column])
    )
    return np.where(plan.offer[blocks][None, :] == column, np.inf, cost)


def _best_shifts(plan: Plan, blocks: Whole, offers: Whole) -> list[tuple[int, int]]:
    """The best moves that do not touch one another's contracts or providers."""
    arriving = np.vstack([_joining(plan, blocks, offers), plan.alone[blocks][None, :]])
    arriving[-1, plan.offer[blocks] < 0] = np.inf
    best = arriving.argmin(axis=0)
    gain = _leaving(plan, blocks) - arriving[best, np.arange(len(blocks))]
    targets = np.concatenate([offers, [OUTSIDE]])[best]
    chosen: list[tuple[int, int]] = []
    touched: set[int] = set()
    for position in np.argsort(-gain, kind="stable"):
        if gain[position] <= LEAST_GAIN:
            break
        block, target = int(blocks[position]), int(targets[position])
        providers = {int(plan.model.provider[one]) for one in (plan.offer[block], target) if one >= 0}
        if not providers & touched:
            touched |= providers
            chosen.append((block, target))
        if len(touched) >= len(offers):
            break
    return chosen


def give_up(plan: Plan, blocks: Whole, offers: Whole, deadline: Deadline) -> bool:
    """Dissolve one contract when its members are cheaper elsewhere, smallest first; whether one was."""
    running = offers[plan.volume[offers] > 0]
    for offer in running[np.argsort(plan.volume[running], kind="stable")].tolist():
        if deadline.is_over():
            return False
        members = blocks[plan.offer[blocks] == offer]
        before, was = plan.cost(), plan.offer[members].copy()
        others = running[running != offer]
        for block in members[np.argsort(-plan.model.block_quantity[members], kind="stable")].tolist():
            arriving = _joining(plan, np.array([block]), others)[:, 0]
            best = int(arriving.argmin()) if len(arriving) else -1
            plan.move(block, int(others[best]) if best >= 0 and arriving[best] < plan.alone[block] else OUTSIDE)
        if plan.cost() < before - LEAST_GAIN:
            return True
        for block, home in zip(members.tolist(), was.tolist(), strict=True):
            plan.move(block, home)
    return False


def swap(plan: Plan, blocks: Whole, offers: Whole, deadline: Deadline, rng: np.random.Generator) -> bool:
    """Exchange pairs of blocks between contracts where that gains; whether any was."""
    running = offers[plan.volume[offers] > 0].tolist()
    pairs = [(one, other) for place, one in enumerate(running) for other in running[place + 1 :]]
    rng.shuffle(pairs)
    gained = False
    for one, other in pairs:
        if deadline.is_over():
            break
        gained |= _swap_between(plan, blocks, one, other)
    return gained


def _swap_between(plan: Plan, blocks: Whole, one: int, other: int) -> bool:
    model = plan.model
    left, right = blocks[plan.offer[blocks] == one], blocks[plan.offer[blocks] == other]
    left = left[np.isfinite(model.unit_cost[other, model.block_slot[left]])]
    right = right[np.isfinite(model.unit_cost[one, model.block_slot[right]])]
    if not len(left) or not len(right) or len(left) * len(right) > MOST_PAIRS:
        return False
    quantity, members = model.block_quantity, model.block_members
    more = quantity[right][None, :] - quantity[left][:, None]
    people = members[right][None, :] - members[left][:, None]
    change = np.zeros(more.shape)
    for offer, sign in ((one, 1), (other, -1)):
        at = np.array([[offer]])
        change += plan.contract_cost(at, plan.volume[at] + sign * more, plan.members[at] + sign * people)
        change -= plan.contract_cost(at, plan.volume[at], plan.members[at])
        change += plan.work_cost(at, sign * more * model.workload[offer])
    change += (plan.uplift(np.array(other), left) - plan.uplift(np.array(one), left))[:, None]
    change += (plan.uplift(np.array(one), right) - plan.uplift(np.array(other), right))[None, :]
    row, column = np.unravel_index(int(change.argmin()), change.shape)
    if change[row, column] >= -LEAST_GAIN:
        return False
    plan.move(int(left[row]), other)
    plan.move(int(right[column]), one)
    return True


def settle(plan: Plan) -> None:
    """Make the plan feasible and fair whatever happened: dissolve contracts that break a rule or cost more than alone."""
    model, offers = plan.model, np.arange(plan.model.offers)
    limits = model.limits
    held = ((model.first <= plan.volume[:, None]) & (plan.volume[:, None] <= model.last)).any(axis=1)
    broken = (plan.volume > 0) & ~held
    if limits.most_members is not None:
        broken |= plan.members > limits.most_members
    broken |= (plan.volume > 0) & (plan.members < limits.least_members)
    _dissolve(plan, offers[broken])
    for provider in np.flatnonzero(plan.load > model.capacity + 1e-6).tolist():
        own = offers[(model.provider == provider) & (plan.volume > 0)]
        for offer in own[np.argsort(plan.volume[own] * model.workload[own], kind="stable")].tolist():
            if plan.load[provider] > model.capacity[provider] + 1e-6:
                _dissolve(plan, np.array([offer]))
    inside = np.flatnonzero(plan.offer >= 0)
    own_cost = plan.uplift(plan.offer[inside], inside) - plan.alone[inside]
    excess = np.bincount(plan.offer[inside], own_cost, model.offers) if len(inside) else np.zeros(model.offers)
    dear = plan.contract_cost(offers, plan.volume, plan.members) + excess > LEAST_GAIN
    _dissolve(plan, offers[dear & (plan.volume > 0)])


def _dissolve(plan: Plan, offers: Whole) -> None:
    for block in np.flatnonzero(np.isin(plan.offer, offers) & (plan.offer >= 0)).tolist():
        plan.move(block, OUTSIDE)
