"""A last look at single needs: the program over needs, category by category, with only what still matters."""
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tenders.composition.classes import Floats, Model, Whole
from tenders.composition.deadline import Deadline
from tenders.composition.mip import Formulation, formulate, program_of
from tenders.composition.plan import OUTSIDE, Plan, work_of
from tenders.composition.solver import Solver

CHOICES: Final = 4
"""Offers kept per need beside the one it is at: the cheapest per unit at the brackets in use."""
GAP: Final = 5e-5
MOST_NODES: Final = 400


@dataclass(frozen=True, slots=True)
class Guide:
    """What the program over classes chose: O×J brackets reached, O×K units served, work done per provider."""

    brackets: NDArray[np.bool_]
    served: Floats

    def load(self, model: Model, category: int) -> Floats:
        """The work of one category's contracts, per provider."""
        volume = np.where(model.category == category, self.served.sum(axis=1), 0.0)
        return work_of(model, volume)


@dataclass(frozen=True, slots=True)
class Effort:
    """How many coins a euro has, the seed, the cost in coins that is good enough, and the gap of each program."""

    coins: int
    seed: int
    enough: float = 0.0
    gap: float = GAP


def polish(plan: Plan, guide: Guide, single: Model, solver: Solver, deadline: Deadline, effort: Effort) -> None:
    """Improve the plan in place until it costs at most `effort.enough`.

    `single` is the model whose classes are the plan's blocks, one by one.

    Each category in turn is solved over single needs, between the guide's brackets and the plan's; the work that
    other categories need is kept free: as planned where that has been done, as the guide says before.
    """
    model = plan.model
    categories = np.unique(plan.category).tolist()
    wanted = {category: guide.load(model, category) for category in categories}
    for done, category in enumerate(categories):
        if deadline.is_over() or plan.cost() <= effort.enough:
            return
        taken = sum((wanted[other] for other in categories if other != category), np.zeros(len(model.capacity)))
        form = _formulation(plan, guide, single, category, model.capacity - taken, effort.coins)
        if form.columns[0]:
            part = deadline.part(2 / (len(categories) - done + 1))
            _solve_category(plan, form, category, solver, part, effort)
        volume = np.where(model.category == category, plan.volume, 0)
        wanted[category] = work_of(model, volume)


def _solve_category(
    plan: Plan, form: Formulation, category: int, solver: Solver, deadline: Deadline, effort: Effort
) -> None:
    blocks = np.flatnonzero(plan.category == category)
    program = replace(program_of(form), constant=float(plan.alone[blocks].sum()) / effort.coins)
    start = form.point_of(_served(plan, form.model))
    answer = solver.solve(program, deadline, gap=effort.gap, seed=effort.seed, start=start, mip_max_nodes=MOST_NODES)
    if answer.point is not None:
        _adopt(plan, form, blocks, answer.point)


def _formulation(plan: Plan, guide: Guide, single: Model, category: int, capacity: Floats, coins: int) -> Formulation:
    """Brackets of the guide or the plan and their neighbours; per need its offers there and the cheapest others."""
    blocks = np.flatnonzero(plan.category == category)
    own = (single.category == category)[:, None]
    brackets = _near(guide.brackets | _reached(plan)) & own
    free = replace(single, capacity=np.maximum(capacity, 0.0))
    return formulate(free, brackets, coins, is_single=True, arcs=_arcs(plan, guide, single, blocks, brackets))


def _reached(plan: Plan) -> NDArray[np.bool_]:
    volume = plan.volume[:, None]
    return (volume > 0) & (plan.model.first <= volume) & (volume <= plan.model.last)


def _near(brackets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    near = brackets.copy()
    near[:, 1:] |= brackets[:, :-1]
    near[:, :-1] |= brackets[:, 1:]
    return near


def _arcs(plan: Plan, guide: Guide, single: Model, blocks: Whole, brackets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """O×K of `single`: for each of these blocks the offers it or its class is at, and the cheapest others in use."""
    arcs = np.zeros(single.unit_cost.shape, bool)
    slots, running = single.block_slot[blocks], np.flatnonzero(brackets.any(axis=1))
    if not len(running):
        return arcs
    volume = np.maximum(guide.served.sum(axis=1), plan.volume)[running]
    mean = np.where(brackets, single.price, np.inf).min(axis=1)[running] + single.mobilisation[running] / np.maximum(volume, 1)
    asked = mean[:, None] + single.unit_cost[running][:, slots]
    cheapest = np.argsort(asked, axis=0, kind="stable")[:CHOICES]
    arcs[running[cheapest], slots[None, :]] = True
    arcs[:, slots] |= guide.served[:, plan.model.block_slot[blocks]] > 0
    inside = plan.offer[blocks] >= 0
    arcs[plan.offer[blocks[inside]], slots[inside]] = True
    return arcs


def _served(plan: Plan, single: Model) -> Floats:
    served = np.zeros(single.unit_cost.shape)
    inside = np.flatnonzero(plan.offer >= 0)
    served[plan.offer[inside], single.block_slot[inside]] = single.block_quantity[inside]
    return served


def _adopt(plan: Plan, form: Formulation, blocks: Whole, point: Floats) -> None:
    """Move blocks to where the point puts them, unless that turns out dearer."""
    single = form.model
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
