"""Composing many needs: the 200 random instances, the measured sizes, deadlines, joining and leaving."""
import importlib.util
import json
import time
from pathlib import Path
from types import ModuleType

import pytest

from tenders.composition import solve
from tenders.composition.deadline import Deadline
from tenders.composition.evaluator import evaluate
from tenders.composition.instance import NO_LIMITS, Limits
from tenders.composition.reading import parse_instance
from tenders.composition.solve import Settings, compose, recompose
from tenders.composition.solver import Solver
from tenders.composition.writing import solution_document
from tests.bench.plain_highs import plain_program
from tests.factories.compositions import random_document

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def solver():
    with Solver() as running:
        yield running


def tool(shared: Path, name: str) -> ModuleType:
    """One of the shared command-line tools as a module."""
    spec = importlib.util.spec_from_file_location(name, shared / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("half", [0, 1])
def test_200_random_instances_are_composed_at_the_proven_optimum(half: int, shared: Path, solver: Solver) -> None:
    """Half of them from the shared generator (up to 60 needs), half with tighter minimums and workloads."""
    generator = tool(shared, "composition_instances")
    checker = tool(shared, "check_composition")
    for seed in range(100):
        if half:
            rows = random_document(seed, establishments=8 + seed % 13, providers=2 + seed % 5, categories=1 + seed % 3)
        else:
            tightness = 0.35 if seed % 3 == 0 else 1.0
            rows = generator.generate(6 + seed % 14, 3 + seed % 6, 1 + seed % 4, seed=seed, tightness=tightness)
        instance = parse_instance(rows)
        assert len(instance.needs) <= 60, seed
        reference = solver.solve(plain_program(instance), Deadline(), gap=0.0)
        optimum = round(reference.cost * instance.coins)
        composition = compose(instance, solver=solver)
        assert abs(composition.evaluation.cost - optimum) <= 1, seed
        assert composition.bound <= optimum + 1, seed
        report, violations = checker.check(rows, json.loads(json.dumps(solution_document(composition))))
        assert violations == [], (seed, report)


@pytest.mark.parametrize(
    ("size", "seed", "tightness", "gap"),
    [
        ((50, 10, 5), 424242, 1.0, 0.001),
        ((120, 15, 6), 90210, 0.35, 0.01),
        ((300, 30, 10), 777, 1.0, 0.001),
        ((300, 30, 10), 31337, 0.35, 0.01),
        ((700, 40, 4), 5150, 1.0, 0.002),
    ],
)
def test_seeds_nobody_tried_pass_the_checker(
    size: tuple[int, int, int], seed: int, tightness: float, gap: float, shared: Path, solver: Solver
) -> None:
    rows = tool(shared, "composition_instances").generate(*size, seed=seed, tightness=tightness)
    composition = compose(parse_instance(rows), Settings(time_limit=60), solver=solver)
    report, violations = tool(shared, "check_composition").check(rows, solution_document(composition))
    assert violations == []
    assert report["gap"] <= gap


@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(2, 9), Limits(3, None, (frozenset({0, 1}), frozenset({4, 9, 30})))])
def test_the_way_of_many_needs_is_feasible_and_bounded(limits: Limits, solver: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = parse_instance(random_document(3, establishments=60, providers=6, categories=3))
    exact = compose(instance, Settings(limits=limits, gap=0.001, time_limit=20), solver=solver)
    monkeypatch.setattr(solve, "DIRECT_NEEDS", 0)
    monkeypatch.setattr(solve, "SINGLE_NEEDS", 0)
    by_classes = compose(instance, Settings(limits=limits, time_limit=20), solver=solver)
    assert by_classes.bound <= exact.evaluation.cost
    assert exact.bound <= by_classes.evaluation.cost <= 1.05 * exact.evaluation.cost
    assert evaluate(instance, by_classes.assignment, limits).violations == ()


@pytest.mark.parametrize("limit", [0.2, 1.5])
def test_the_deadline_holds(limit: float) -> None:
    instance = parse_instance(random_document(11, establishments=150, providers=20, categories=3))
    started = time.monotonic()
    composition = compose(instance, Settings(time_limit=limit, gap=0.0))
    assert time.monotonic() - started <= limit + 1.0
    assert composition.evaluation.violations == ()
    assert composition.bound <= composition.evaluation.cost


def test_cancelling_ends_it_with_what_was_found() -> None:
    instance = parse_instance(random_document(11, establishments=150, providers=20, categories=3))
    started = time.monotonic()
    composition = compose(instance, Settings(gap=0.0, is_cancelled=lambda: time.monotonic() > started + 0.5))
    assert time.monotonic() - started < 3.0
    assert composition.evaluation.cost <= instance.alone_cost


def test_one_who_joins_changes_only_its_own_categories() -> None:
    rows = random_document(2, establishments=40, providers=5, categories=3)
    before = parse_instance(rows)
    composition = compose(before, Settings(gap=0.001))
    newcomer = {"id": "new", "region": "R1", "requires": []}
    need = {"establishment": "new", "category": "c1", "quantity": 9, "alone_unit_price": "13.00"}
    after = parse_instance({**rows, "establishments": [*rows["establishments"], newcomer], "needs": [*rows["needs"], need]})
    again = recompose(after, [*composition.assignment, None])
    assert again.evaluation.violations == ()
    assert again.bound <= again.evaluation.cost <= composition.evaluation.cost + 9 * 1300
    moved = {after.needs[n].category for n, was in enumerate(composition.assignment) if again.assignment[n] != was}
    assert moved <= {1}


def test_one_who_leaves_leaves_standing_contracts() -> None:
    rows = random_document(2, establishments=40, providers=5, categories=3)
    composition = compose(parse_instance(rows), Settings(gap=0.001))
    kept = [position for position, need in enumerate(rows["needs"]) if need["establishment"] != "e3"]
    after = parse_instance({**rows, "needs": [rows["needs"][position] for position in kept]})
    again = recompose(after, [composition.assignment[position] for position in kept])
    assert again.evaluation.violations == ()
    assert again.bound <= again.evaluation.cost
