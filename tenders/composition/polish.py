"""A last look at single needs: the program over needs, category by category, with only what still matters."""
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tenders.composition.classes import Model, Whole
from tenders.composition.deadline import Deadline
from tenders.composition.mip import Formulation, formulate, program_of
from tenders.composition.plan import OUTSIDE, Plan
from tenders.composition.solver import Solver

CHOICES: Final = 4
"""Offers kept per need beside the one it is at: the cheapest per unit at the brackets in use."""
GAP: Final = 5e-5
MOST_NODES: Final = 400


def polish(plan: Plan, single: Model, solver: Solver, deadline: Deadline, *, coins: int, seed: int, gap: float = GAP) -> None:
    """Improve the plan in place. `single` is the model whose classes are the plan's blocks, one by one."""
    categories = np.unique(plan.category)
    for done, category in enumerate(categories.tolist()):
        if deadline.is_over():
            return
        _polish_category(plan, single, category, solver, deadline.part(2 / (len(categories) - done + 1)), (coins, seed, gap))


def _polish_category(
    plan: Plan, single: Model, category: int, solver: Solver, deadline: Deadline, settings: tuple[int, int, float]
) -> None:
    coins, seed, gap = settings
    blocks = np.flatnonzero(plan.category == category)
    own = single.category == category
    own_load = np.bincount(single.provider, np.where(own, plan.volume * single.workload, 0.0), len(single.capacity))
    free = replace(single, capacity=single.capacity - (plan.load - own_load))
    form = formulate(free, _brackets(plan) & own[:, None], coins, is_single=True, arcs=_arcs(plan, single, blocks))
    if not form.columns[0]:
        return
    program = program_of(form)
    constant = float(plan.alone[blocks].sum()) / coins
    program = replace(program, constant=constant)
    answer = solver.solve(
        program, deadline, gap=gap, seed=seed, start=form.point_of(_served(plan, single)), mip_max_nodes=MOST_NODES
    )
    if answer.point is not None:
        _adopt(plan, form, single, blocks, answer.point)


def _brackets(plan: Plan) -> NDArray[np.bool_]:
    """O×J: brackets in use and their neighbours."""
    model = plan.model
    used = (plan.volume[:, None] > 0) & (model.first <= plan.volume[:, None]) & (plan.volume[:, None] <= model.last)
    near = used.copy()
    near[:, 1:] |= used[:, :-1]
    near[:, :-1] |= used[:, 1:]
    return near


def _arcs(plan: Plan, single: Model, blocks: Whole) -> NDArray[np.bool_]:
    """O×K of `single`: for each of these blocks the offer it is at and the cheapest others in use."""
    arcs = np.zeros(single.unit_cost.shape, bool)
    running = np.flatnonzero(plan.volume > 0)
    running = running[single.category[running] == plan.category[blocks[0]]]
    if not len(running):
        return arcs
    slots = single.block_slot[blocks]
    mean = plan.contract_cost(running, plan.volume[running], plan.members[running]) / plan.volume[running]
    asked = mean[:, None] + single.unit_cost[running][:, slots]
    cheapest = np.argsort(asked, axis=0, kind="stable")[:CHOICES]
    arcs[running[cheapest], slots[None, :]] = True
    inside = plan.offer[blocks] >= 0
    arcs[plan.offer[blocks[inside]], slots[inside]] = True
    return arcs


def _served(plan: Plan, single: Model) -> NDArray[np.float64]:
    served = np.zeros(single.unit_cost.shape)
    inside = np.flatnonzero(plan.offer >= 0)
    served[plan.offer[inside], single.block_slot[inside]] = single.block_quantity[inside]
    return served


def _adopt(plan: Plan, form: Formulation, single: Model, blocks: Whole, point: NDArray[np.float64]) -> None:
    """Move blocks to where the point puts them, unless that turns out dearer."""
    before, was = plan.cost(), plan.offer[blocks].copy()
    target = np.full(single.unit_cost.shape[1], OUTSIDE, np.int64)
    offers, slots = form.arc
    taken = point[: len(offers)] > 0.5
    target[slots[taken]] = offers[taken]
    for block in blocks.tolist():
        plan.move(block, int(target[single.block_slot[block]]))
    if plan.cost() >= before:
        for block, home in zip(blocks.tolist(), was.tolist(), strict=True):
            plan.move(block, home)
