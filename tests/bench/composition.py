"""`make bench-composition`: CPU seconds of the engine against plain HiGHS, and its gaps, in one run on this machine.

U is the CPU seconds plain HiGHS takes, establishment by establishment, to come within 0.1 % on 300×30×10, seed 1. Every
figure is of one process with one thread, its solver's child process included; memory is the larger of the two.
"""
import argparse
import importlib.util
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tenders.composition.deadline import Deadline
from tenders.composition.evaluator import evaluate
from tenders.composition.reading import parse_instance
from tenders.composition.solve import Settings, compose, recompose
from tenders.composition.solver import Solver
from tenders.composition.writing import solution_document
from tests.bench.plain_highs import plain_program

TOOLS = Path(__file__).resolve().parents[3] / "shared" / "tools"
SMALL, MEDIUM, LARGE, NATIONAL = (50, 10, 5), (300, 30, 10), (1000, 60, 20), (8000, 200, 12)
NEWCOMER = "newcomer"


def tool(name: str) -> ModuleType:
    """One of the shared command-line tools as a module."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Task:
    """What one measurement is about: size, seed, tightness, and the gap to stop at."""

    size: tuple[int, int, int]
    seed: int = 1
    tightness: float = 1.0
    gap: float = 5e-4
    seconds: float = 240.0

    def rows(self) -> dict[str, Any]:
        """The instance as a document."""
        return tool("composition_instances").generate(*self.size, seed=self.seed, tightness=self.tightness)


def cpu() -> float:
    """CPU seconds of this process and its ended children."""
    return sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def memory() -> float:
    """GiB at most, of this process or its largest child."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20


def plain(task: Task) -> dict[str, Any]:
    """Plain HiGHS on the program over establishments."""
    instance = parse_instance(task.rows())
    start = cpu()
    with Solver() as solver:
        answer = solver.solve(plain_program(instance), Deadline.within(task.seconds), gap=task.gap)
    return {"cpu": cpu() - start, "gap": (answer.cost - answer.bound) / answer.cost}


def engine(task: Task) -> dict[str, Any]:
    """The engine, from the parsed instance to the shared and written solution, checked from scratch afterwards."""
    rows = task.rows()
    start, wall = cpu(), time.monotonic()
    composition = compose(parse_instance(rows), Settings(task.seconds, task.gap))
    document = solution_document(composition)
    used, took = cpu() - start, time.monotonic() - wall
    _report, violations = tool("check_composition").check(rows, document)
    return {"cpu": used, "gap": composition.gap, "seconds": took, "memory": memory(), "violations": len(violations)}


def joining(task: Task) -> dict[str, Any]:
    """The whole composition, then the same with one establishment more, re-composed."""
    rows = task.rows()
    start = cpu()
    composition = compose(parse_instance(rows), Settings(task.seconds, task.gap))
    full = cpu() - start
    region = rows["establishments"][0]["region"]
    rows["establishments"].append({"id": NEWCOMER, "region": region, "requires": []})
    alone = {need["category"]: need["alone_unit_price"] for need in rows["needs"]}
    new = [
        {"establishment": NEWCOMER, "category": category, "quantity": 25, "alone_unit_price": alone[category]}
        for category in sorted(alone)[:6]
    ]
    rows["needs"] += new
    start = cpu()
    again = recompose(parse_instance(rows), [*composition.assignment, *[None] * len(new)], Settings(task.seconds))
    document = solution_document(again)
    used = cpu() - start
    _report, violations = tool("check_composition").check(rows, document)
    return {"cpu": used, "ratio": used / full, "gap": again.gap, "before": composition.gap, "violations": len(violations)}


def random_optima(task: Task) -> dict[str, Any]:
    """200 random instances of at most 60 needs: how many miss the proven optimum, or the bound lies above it."""
    generate, wrong, largest = tool("composition_instances").generate, 0, 0
    with Solver() as solver:
        for seed in range(200):
            rows = generate(6 + seed % 14, 3 + seed % 6, 1 + seed % 4, seed=seed, tightness=0.35 if seed % 3 == 0 else 1.0)
            instance = parse_instance(rows)
            largest = max(largest, len(instance.needs))
            reference = solver.solve(plain_program(instance), Deadline(), gap=0.0)
            optimum = round(reference.cost * instance.coins)
            found = compose(instance, solver=solver)
            violations = evaluate(instance, found.assignment).violations
            _report, bad = tool("check_composition").check(rows, solution_document(found))
            wrong += bool(abs(found.evaluation.cost - optimum) > 1 or found.bound > optimum + 1 or violations or bad)
    return {"wrong": wrong, "largest": largest}


def apart(measure: Callable[[Task], dict[str, Any]], task: Task) -> dict[str, Any]:
    """Measured in a process of its own, so that CPU and memory are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (task,))


def line(name: str, value: float, unit: str, target: str, holds: bool, **more: Any) -> dict[str, Any]:
    """One measurement as it is printed."""
    rest = {key: round(number, 6) if isinstance(number, float) else number for key, number in more.items()}
    return {"name": name, "value": round(value, 6), "unit": unit, "target": target, "holds": bool(holds), **rest}


def versus(name: str, found: dict[str, Any], most: float, unit: float, times: float, said: str) -> dict[str, Any]:
    """A gap target with a CPU target of `times` × `unit`."""
    holds = found["gap"] <= most and found["cpu"] <= times * unit and found["violations"] == 0 and found["memory"] <= 1.0
    target = f"gap ≤ {100 * most:g} % in ≤ {times:g} {said}, ≤ 1 GiB, 0 violations"
    return line(name, 100 * found["gap"], "% gap", target, holds, of_unit=found["cpu"] / unit, **found)


def small_ones() -> list[dict[str, Any]]:
    """Optimality on tiny instances, and small against plain HiGHS."""
    found = apart(random_optima, Task(SMALL))
    yardstick = apart(plain, Task(SMALL, gap=0.001))
    mine = apart(engine, Task(SMALL, gap=0.001))
    return [
        line("random_optima", found["wrong"], "of 200", "0 away from the proven optimum", not found["wrong"], **found),
        versus("small", mine, 0.001, yardstick["cpu"], 2, "× plain HiGHS"),
    ]


def larger_ones() -> dict[str, tuple[Task, float, float]]:
    """Name → task, gap it must reach, and in how many U."""
    unseen = int(np.random.default_rng().integers(10**6, 10**9))
    return {
        "medium": (Task(MEDIUM, gap=0.0009), 0.001, 0.25),
        "large": (Task(LARGE, gap=0.0012), 0.0015, 1.2),
        "large_quick": (Task(LARGE, gap=0.009), 0.01, 0.2),
        **{f"national_seed_{seed}": (Task(NATIONAL, seed), 0.0008, 1.2) for seed in (1, 2, 3)},
        "national_tight": (Task(NATIONAL, tightness=0.35, gap=0.0028), 0.003, 2.0),
        f"unseen_seed_{unseen}": (Task((600, 50, 8), unseen, gap=0.0012), 0.0015, 1.2),
    }


def joined() -> dict[str, Any]:
    """One establishment more, nationally."""
    found = apart(joining, Task(NATIONAL))
    holds = found["ratio"] <= 0.2 and abs(found["gap"] - found["before"]) <= 0.001 and not found["violations"]
    target = "≤ 0.2, gap within 0.1 point, 0 violations"
    return line("national_one_joins", found["ratio"], "of the full CPU", target, holds, **found)


def main() -> int:
    """Print one JSON object a line; exit 1 when a target does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.composition", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these (e.g. medium national_seed_1); U is measured anyway")
    parser.add_argument("--unit", type=float, help="take these CPU seconds as U: for developing, not for quoting")
    chosen = parser.parse_args()
    held = True

    def say(found: dict[str, Any]) -> None:
        nonlocal held
        held = held and found["holds"]
        print(json.dumps(found, ensure_ascii=False), flush=True)

    def is_wanted(name: str) -> bool:
        return not chosen.names or name in chosen.names

    if is_wanted("small"):
        for found in small_ones():
            say(found)
    yardstick = {"cpu": chosen.unit, "gap": 0.001} if chosen.unit else apart(plain, Task(MEDIUM, gap=0.001))
    reached = yardstick["gap"] <= 0.00101
    say(line("plain_highs_medium_U", yardstick["cpu"], "CPU s", "the yardstick: 0.1 %", reached, gap=yardstick["gap"]))
    for name, (task, most, times) in larger_ones().items():
        if is_wanted(name):
            say(versus(name, apart(engine, task), most, yardstick["cpu"], times, "U"))
    if is_wanted("national_one_joins"):
        say(joined())
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
