"""Composes: chooses the way by size, keeps the deadline, and returns only what the evaluator has confirmed."""
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tenders.composition import lagrangean, local_search, polish
from tenders.composition.classes import Block, Model, blocks_of_instance, build_model
from tenders.composition.complaints import Complaint, largest_complaint
from tenders.composition.deadline import Deadline
from tenders.composition.evaluator import Evaluation, NotFeasible, evaluate
from tenders.composition.greedy import fill_greedily
from tenders.composition.instance import NO_LIMITS, Instance, Limits
from tenders.composition.mip import Formulation, formulate, program_of
from tenders.composition.plan import OUTSIDE, Plan
from tenders.composition.polish import Guide
from tenders.composition.program import Answer
from tenders.composition.rounding import round_to_blocks, steered
from tenders.composition.sharing import share
from tenders.composition.solver import Solver, SolverFailed

EXACT_NEEDS: Final = 100
"""Up to here the optimum is proven, whatever gap is asked."""
DIRECT_NEEDS: Final = 200
"""Up to here the program over single needs is solved at once; above, classes come first."""
SINGLE_NEEDS: Final = 500
"""Up to here the program over single needs also follows the classes, while the gap asked is not reached."""
POLISH_NEEDS: Final = 15_000
SUBGRADIENT_STEPS: Final = 400
RECOMPOSE_STEPS: Final = 150
SECONDS_PER_NEED: Final = 4e-5
"""Kept for evaluating and sharing the answer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the composition stands: seconds since the start, which step, best cost and bound in coins so far."""

    seconds: float
    step: str
    cost: int
    bound: float

    @property
    def gap(self) -> float:
        """How far from the best possible at most, as a share of the cost."""
        return (self.cost - self.bound) / self.cost if self.cost else 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How long (seconds), how good is good enough, from which seed, under which limits, and who listens."""

    time_limit: float = 60.0
    gap: float = 5e-4
    seed: int = 0
    limits: Limits = NO_LIMITS
    on_progress: Callable[[Progress], None] | None = None
    is_cancelled: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """A confirmed answer: the offer of each need (-1: outside), its evaluation, a bound in coins, shares, complaint."""

    instance: Instance
    assignment: tuple[int, ...]
    evaluation: Evaluation
    bound: int
    shares: tuple[int, ...]
    complaint: Complaint | None
    history: tuple[Progress, ...]

    @property
    def gap(self) -> float:
        """How far from the best possible at most, as a share of the cost."""
        return (self.evaluation.cost - self.bound) / self.evaluation.cost if self.evaluation.cost else 0.0


def compose(instance: Instance, settings: Settings | None = None, *, solver: Solver | None = None) -> Composition:
    """Who buys together, from whom, and a bound on how much better it could be."""
    settings = settings or Settings()
    own = Solver() if solver is None else None
    try:
        return _Run(instance, settings, solver or own or Solver()).compose()
    finally:
        if own is not None:
            own.stop()


def recompose(instance: Instance, earlier: Sequence[int | None], settings: Settings | None = None) -> Composition:
    """An earlier composition after establishments joined or left: only the categories touched are looked at again.

    `earlier`: for each need its offer then (-1: outside), None for a need that is new. Categories with a new need, or
    where a contract no longer stands, are searched; all others stay as they are. The bound is that of the prices.
    """
    return _Run(instance, settings or Settings(), Solver()).recompose(earlier)


@dataclass
class _Run:
    """One composition under way: the best confirmed assignment and the best bound so far."""

    instance: Instance
    settings: Settings
    solver: Solver
    started: float = field(default_factory=time.monotonic)
    bound: float = 0.0
    best: list[int] = field(default_factory=list)
    evaluation: Evaluation = field(default_factory=lambda: Evaluation(0, (), ()))
    history: list[Progress] = field(default_factory=list)

    @property
    def rng(self) -> np.random.Generator:
        """Random numbers that depend on the seed alone."""
        return np.random.default_rng(self.settings.seed)

    def compose(self) -> Composition:
        deadline = Deadline.within(self.time_to_search(), self.settings.is_cancelled)
        self.confirm([OUTSIDE] * len(self.instance.needs), "alone")
        blocks = blocks_of_instance(self.instance, self.settings.limits)
        model = build_model(self.instance, self.settings.limits, blocks)
        bound = lagrangean.improve(model, lagrangean.first_prices(model), SUBGRADIENT_STEPS, deadline.part(0.3))
        self.raise_bound(bound.value, "prices")
        if deadline.left() > SECONDS_PER_NEED * len(blocks):
            self.greedily(model, bound, deadline)
        if len(blocks) > DIRECT_NEEDS:
            self.by_classes(blocks, model, deadline)
        if len(blocks) <= SINGLE_NEEDS and self.gap() > (self.settings.gap if len(blocks) > EXACT_NEEDS else 0.0):
            self.directly(blocks, deadline)
        return self.finished()

    def recompose(self, earlier: Sequence[int | None]) -> Composition:
        deadline = Deadline.within(self.time_to_search(), self.settings.is_cancelled)
        self.confirm([OUTSIDE] * len(self.instance.needs), "alone")
        blocks = blocks_of_instance(self.instance, self.settings.limits)
        model = build_model(self.instance, self.settings.limits, blocks)
        offers = [{earlier[need] for need in block.needs} for block in blocks]
        at = np.array([_only(found) for found in offers], np.int64)
        is_lost = (at >= 0) & ~np.isfinite(model.unit_cost[at, model.block_slot])
        plan = Plan.of(model, np.where(is_lost, OUTSIDE, at))
        touched = {block.category for block, found in zip(blocks, offers, strict=True) if None in found}
        touched |= set(model.block_category[is_lost].tolist())
        held = ((model.first <= plan.volume[:, None]) & (plan.volume[:, None] <= model.last)).any(axis=1)
        broken = (plan.volume > 0) & (~held | (plan.load > model.capacity)[model.provider])
        for category in sorted(touched | set(model.category[broken].tolist())):
            own, others = np.flatnonzero(plan.category == category), np.flatnonzero(model.category == category)
            local_search.shift(plan, own, others, deadline)
        local_search.mend_all(plan, deadline)
        self.confirm_plan(plan, "touched")
        bound = lagrangean.improve(model, lagrangean.first_prices(model), RECOMPOSE_STEPS, deadline)
        self.raise_bound(bound.value, "prices")
        return self.finished()

    def time_to_search(self) -> float:
        """Seconds before the answer must be evaluated, shared and written."""
        limit = self.settings.time_limit
        return limit - min(limit / 2, 0.03 * limit + SECONDS_PER_NEED * len(self.instance.needs))

    def directly(self, blocks: Sequence[Block], deadline: Deadline) -> None:
        """Few needs: the program over single needs, from the best answer so far."""
        single = build_model(self.instance, self.settings.limits, blocks, one_by_one=True)
        gap = 0.0 if len(blocks) <= EXACT_NEEDS else self.settings.gap
        so_far = Plan.of(single, np.array([self.best[block.needs[0]] for block in blocks], np.int64))
        form, answer = self.solve_program(single, deadline, is_single=True, gap=gap, start=so_far)
        if answer.point is not None:
            self.confirm_plan(Plan.of(single, round_to_blocks(single, form.volumes(answer.point))), "program")

    def by_classes(self, blocks: Sequence[Block], model: Model, deadline: Deadline) -> None:
        """Many needs: the program over classes, rounded, improved, and polished where single needs still count."""
        will_polish = len(blocks) <= POLISH_NEEDS
        part = deadline.part(0.5 if will_polish else 0.8)
        form, answer = self.solve_program(model, part, is_single=False, gap=self.settings.gap / 2)
        if answer.point is None:
            return
        guide = Guide(form.reached(answer.point), form.volumes(answer.point))
        plan = self.rounded(model, guide, deadline)
        if will_polish:
            local_search.improve(plan, deadline, self.rng, swaps=False)
        self.confirm_plan(plan, "single needs")
        if will_polish and not deadline.is_over() and self.gap() > self.settings.gap:
            single = build_model(self.instance, self.settings.limits, blocks, one_by_one=True)
            effort = polish.Effort(self.instance.coins, self.settings.seed, self.bound / (1 - 0.9 * self.settings.gap))
            polish.polish(plan, guide, single, self.solver, deadline, effort)
            self.confirm_plan(plan, "polish")
            local_search.improve(plan, deadline, self.rng)
            self.confirm_plan(plan, "single needs")

    def greedily(self, model: Model, bound: lagrangean.Bound, deadline: Deadline) -> Guide:
        """A first answer at the bound's prices."""
        guide = Guide(*fill_greedily(model, bound))
        plan = self.rounded(model, guide, deadline)
        self.confirm_plan(plan, "greedy")
        return guide

    def rounded(self, model: Model, guide: Guide, deadline: Deadline) -> Plan:
        """The guide's volumes as single needs, led back into its brackets."""
        plan = Plan.of(steered(model, guide.brackets, guide.served), round_to_blocks(model, guide.served))
        local_search.shift_all(plan, deadline)
        local_search.mend_all(plan, deadline)
        local_search.shift_all(plan, deadline)
        return Plan.of(model, plan.offer)

    def solve_program(
        self, model: Model, deadline: Deadline, *, is_single: bool, gap: float, start: Plan | None = None
    ) -> tuple[Formulation, Answer]:
        """The program over the model's classes and the solver's answer to it; its bound is taken over."""
        form = formulate(model, model.first <= model.last, self.instance.coins, is_single=is_single)
        if not form.columns[0]:
            return form, Answer(None, math.inf, -math.inf)
        coins = self.instance.coins

        def heard(answer: Answer) -> None:
            self.raise_bound(answer.bound * coins, "program")

        point = None if start is None else form.point_of(start.served())
        program = program_of(form)
        answer = self.solver.solve(program, deadline, gap=gap, seed=self.settings.seed, start=point, on_answer=heard)
        self.raise_bound(answer.bound * coins, "program")
        return form, answer

    def raise_bound(self, coins: float, step: str) -> None:
        """Take a better bound, less a hundred-billionth for floating point; everybody alone is always possible."""
        if coins == math.inf:
            raise SolverFailed("the solver says that nothing is possible: everybody alone is")
        if not math.isfinite(coins):
            return
        safe = coins - 1e-11 * abs(coins)
        if safe > self.bound:
            self.bound = safe
            self.report(step)

    def confirm_plan(self, plan: Plan, step: str) -> None:
        """Settle a copy of the plan and take it when it is better."""
        settled = plan.copy()
        local_search.settle(settled)
        self.confirm(settled.by_need(), step)

    def confirm(self, assignment: list[int], step: str) -> None:
        """Take an assignment when the evaluator says that it is feasible and cheaper."""
        evaluation = evaluate(self.instance, assignment, self.settings.limits)
        if evaluation.violations:
            raise NotFeasible("; ".join(evaluation.violations[:5]))
        if not self.best or evaluation.cost < self.evaluation.cost:
            self.best, self.evaluation = assignment, evaluation
            self.report(step)

    def gap(self) -> float:
        """Of the best confirmed assignment."""
        return Progress(0.0, "", self.evaluation.cost, self.bound).gap

    def report(self, step: str) -> None:
        """Note and tell where things stand."""
        progress = Progress(time.monotonic() - self.started, step, self.evaluation.cost, self.bound)
        self.history.append(progress)
        if self.settings.on_progress is not None:
            self.settings.on_progress(progress)

    def finished(self) -> Composition:
        """The answer; SolverFailed when a bound lies above a confirmed cost."""
        cost = self.evaluation.cost
        if self.bound > cost + max(1e-7 * cost, self.instance.coins / 100):
            raise SolverFailed(f"a bound of {self.bound} coins lies above the evaluated cost of {cost}: one of them is wrong")
        shares = share(self.instance, self.best, self.evaluation)
        return Composition(
            self.instance, tuple(self.best), self.evaluation, min(cost, math.floor(max(self.bound, 0.0))), tuple(shares),
            largest_complaint(self.instance, shares), tuple(self.history),
        )  # fmt: skip


def _only(found: set[int | None]) -> int:
    """The offer all needs of a block were at; outside when they were not together or one is new."""
    offer = next(iter(found)) if len(found) == 1 else None
    return OUTSIDE if offer is None else offer
