"""The child process that runs HiGHS: requests come in on standard input, answers go out on standard output.

It stands apart because HiGHS can run far beyond its own time limit, greets on standard output, and lives in native
code: a process can be killed. What it found until then has already been handed over.
"""
import math
import os
import pickle
import sys
from dataclasses import replace
from typing import Any, BinaryIO, Final

import highspy
import numpy as np

from tenders.composition.program import Answer, Program, Request

KINDS: Final = highspy.cb.HighsCallbackType
WATCHED: Final = (KINDS.kCallbackMipImprovingSolution, KINDS.kCallbackMipInterrupt)
ABSOLUTE_GAP: Final = 1e-4
"""Euros: far below a cent."""


class Teller:
    """Hands over improvements as HiGHS finds them."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out
        self.best = Answer(None, math.inf, -math.inf, is_final=False)

    def tell(self, answer: Answer) -> None:
        """One answer, now."""
        pickle.dump(answer, self.out, protocol=5)
        self.out.flush()

    def __call__(self, kind: int, _message: str, said: Any, _wanted: Any, _data: Any) -> None:
        """HiGHS calls back: a better point, or a moment to look at the bound."""
        bound = max(self.best.bound, said.mip_dual_bound) if math.isfinite(said.mip_dual_bound) else self.best.bound
        if int(kind) == int(KINDS.kCallbackMipImprovingSolution):
            self.best = Answer(np.array(said.mip_solution), said.objective_function_value, bound, is_final=False)
            self.tell(self.best)
        elif bound > self.best.bound:
            self.best = Answer(self.best.point, self.best.cost, bound, is_final=False)
            self.tell(Answer(None, self.best.cost, bound, is_final=False))


def run(request: Request, teller: Teller) -> Answer:
    """Solve one program.

    Given a start, HiGHS (1.16) may solve a small program in presolve, report the optimum's cost and hand back the start
    as its point. A point that does not cost what is said is not believed: the program is solved again from nothing.
    """
    answer = _solve(request, teller)
    if request.start is not None and not _costs_what_it_says(request.program, answer):
        answer = _solve(replace(request, start=None), teller)
    return answer


def _costs_what_it_says(program: Program, answer: Answer) -> bool:
    if answer.point is None:
        return True
    cost = program.constant + float(program.cost @ answer.point)
    return abs(cost - answer.cost) <= 1e-6 * max(1.0, abs(cost))


def _solve(request: Request, teller: Teller) -> Answer:
    highs = highspy.Highs()
    settings = {
        "output_flag": False, "threads": 1, "parallel": "off", "random_seed": request.seed, "mip_rel_gap": request.gap,
        "mip_abs_gap": ABSOLUTE_GAP, "mip_feasibility_tolerance": 1e-7,
    }  # fmt: skip
    if math.isfinite(request.seconds):
        settings["time_limit"] = max(0.01, request.seconds)
    for name, value in {**settings, **request.options}.items():
        highs.setOptionValue(name, value)
    highs.passModel(as_lp(request.program))
    if request.start is not None:
        known = highspy.HighsSolution()
        known.col_value = request.start.tolist()
        known.value_valid = True
        highs.setSolution(known)
    highs.setCallback(teller, None)  # type: ignore[arg-type]
    for kind in WATCHED:
        highs.startCallback(kind)
    highs.run()
    return _answer(highs, teller)


def as_lp(program: Program) -> Any:
    """The program as HiGHS wants it: column by column."""
    rows, columns, values = program.entries
    order = np.lexsort((rows, columns))
    starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=len(program.cost)))])
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.row_lower)
    lp.offset_ = program.constant
    lp.col_cost_ = program.cost
    lp.col_lower_, lp.col_upper_ = np.zeros(len(program.cost)), program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = starts.astype(np.int32), rows[order].astype(np.int32)
    lp.a_matrix_.value_ = values[order]
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[one] for one in program.integer.astype(int)]
    return lp


def _answer(highs: Any, teller: Teller) -> Answer:
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return Answer(None, math.inf, math.inf)
    info = highs.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Answer(teller.best.point, teller.best.cost, max(teller.best.bound, info.mip_dual_bound))
    return Answer(np.array(highs.getSolution().col_value), info.objective_function_value, info.mip_dual_bound)


def main() -> None:
    """Answer requests until the parent closes the pipe; HiGHS's own words go nowhere."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        teller = Teller(out)
        teller.tell(run(request, teller))


if __name__ == "__main__":
    main()
