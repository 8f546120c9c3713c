"""Composing: optimal where that can be checked, honest about its bound, in time, and the same again for a seed."""
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tenders.composition import solve
from tenders.composition.cli import compose_instance
from tenders.composition.evaluator import evaluate
from tenders.composition.instance import NO_LIMITS, Limits
from tenders.composition.program import Answer
from tenders.composition.reading import parse_instance
from tenders.composition.solve import Settings, compose
from tenders.composition.solver import Solver, SolverFailed
from tests.factories.compositions import document, random_document
from tests.factories.exhaustive import cheapest


@pytest.fixture(scope="module")
def solver():
    with Solver() as running:
        yield running


LIMITS = [NO_LIMITS, Limits(2, 3), Limits(together=(frozenset({0, 1, 3}),)), Limits(2, None, (frozenset({0, 2}),))]


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(6))
def test_few_needs_are_composed_at_the_optimum(seed: int, limits: Limits, solver: Solver) -> None:
    instance = parse_instance(random_document(seed))
    composition = compose(instance, Settings(limits=limits), solver=solver)
    assert composition.evaluation.cost == cheapest(instance, limits)
    assert evaluate(instance, composition.assignment, limits).violations == ()
    assert composition.evaluation.cost - 1 <= composition.bound <= composition.evaluation.cost
    assert sum(composition.shares) == composition.evaluation.cost


def test_the_same_seed_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "DIRECT_NEEDS", 0)
    monkeypatch.setattr(solve, "SINGLE_NEEDS", 0)
    instance = parse_instance(random_document(5, establishments=40, providers=5))
    first, second = (compose(instance, Settings(seed=7)) for _ in range(2))
    assert (first.assignment, first.bound, first.shares) == (second.assignment, second.bound, second.shares)


def test_without_offers_or_needs_everybody_stays_outside(solver: Solver) -> None:
    instance = parse_instance(document(offers=[]))
    composition = compose(instance, solver=solver)
    assert composition.assignment == (-1, -1, -1)
    assert composition.shares == (10_000, 20_000, 30_000)
    nobody = compose(parse_instance(document(needs=[])), solver=solver)
    assert (nobody.evaluation.cost, nobody.gap) == (0, 0.0)


def test_a_bound_above_the_evaluated_cost_is_an_error_never_a_result(solver: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Solver.solve

    def boasting(*args: object, **options: object) -> Answer:
        answer = honest(*args, **options)  # type: ignore[arg-type]
        return replace(answer, bound=answer.cost + 1)

    instance = parse_instance(document())
    monkeypatch.setattr(Solver, "solve", boasting)
    with pytest.raises(SolverFailed, match="one of them is wrong"):
        compose(instance, solver=solver)


def test_who_interrupts_a_composition_does_not_disturb_the_next(solver: Solver) -> None:
    instance = parse_instance(random_document(4, establishments=12))

    def interrupt(_progress: solve.Progress) -> None:
        if _progress.step == "program":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compose(instance, Settings(on_progress=interrupt), solver=solver)
    assert compose(instance, solver=solver).assignment == compose(instance).assignment


def test_a_solver_that_dies_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenders.composition.solver.sys.executable", "/bin/true")
    with pytest.raises(SolverFailed):
        compose(parse_instance(document()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "instance.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    return path


def test_the_command_writes_a_solution_and_says_how_good_it_is(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "solution.json"
    result = CliRunner().invoke(compose_instance, [str(file), "-o", str(target), "--progress", "--time-limit", "20"])
    assert result.exit_code == 0, result.output
    assert "cost 425.00 EUR" in result.stdout
    assert "gap" in result.stderr
    solution = json.loads(target.read_text(encoding="utf-8"))
    assert solution["total_cost"] == "425.00"
    assert {row["offer"] for row in solution["assignments"]} == {"op"}
    assert sum(float(row["amount"]) for row in solution["shares"]) == pytest.approx(425.0)


def test_the_command_prints_the_solution_alone_without_a_file(file: Path) -> None:
    result = CliRunner().invoke(compose_instance, [str(file)])
    assert json.loads(result.stdout)["format"] == "grappe-composition-solution/1"


def test_the_command_names_every_error_and_exits_with_2(file: Path) -> None:
    needs = [{**document()["needs"][0], "quantity": 0, "category": "unknown"}]
    file.write_text(json.dumps(document(needs=needs)), encoding="utf-8")
    result = CliRunner().invoke(compose_instance, [str(file)])
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "needs[0].category: 'unknown' is unknown",
        "needs[0].quantity: is 0: must be between 1 and 1000000000000",
    ]
