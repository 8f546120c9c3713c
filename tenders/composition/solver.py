"""HiGHS behind one door: a program in, the best point found and the proven bound out, never later than the deadline.

Nothing the solver says is believed: callers evaluate every point, and compare every bound with an evaluated cost.
"""
import math
import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Final

from tenders.composition.classes import Floats
from tenders.composition.deadline import Deadline
from tenders.composition.program import Answer, Program, Request

ROOT: Final = Path(__file__).resolve().parents[2]
GRACE: Final = 0.3
"""Seconds the solver may still take to end by itself once its time is up."""
LOOK_EVERY: Final = 0.2
OnAnswer = Callable[[Answer], None]


class SolverFailed(Exception):
    """The solver's process ended without an answer, or claims what the evaluator disproves."""


class Solver:
    """One child process, started at the first program; a context manager that ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._heard: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()

    def __enter__(self) -> "Solver":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def solve(
        self,
        program: Program,
        deadline: Deadline,
        *,
        gap: float,
        seed: int = 0,
        start: Floats | None = None,
        on_answer: OnAnswer | None = None,
        **options: Any,
    ) -> Answer:
        """The best point by the deadline; ends earlier once (cost − bound)/cost is at most `gap`."""
        left = deadline.left()
        if left <= 0:
            return Answer(None, math.inf, -math.inf, is_final=False)
        try:
            self._send(Request(program, left, gap, seed, start, options))
            return self._await(deadline, on_answer)
        except BaseException:
            self.stop()
            raise

    def _await(self, deadline: Deadline, on_answer: OnAnswer | None) -> Answer:
        best = Answer(None, math.inf, -math.inf, is_final=False)
        while not best.is_final:
            heard = self._hear(deadline)
            if heard is None:
                self.stop()
                return best
            found = best if heard.point is None else heard
            best = Answer(found.point, found.cost, max(best.bound, heard.bound), heard.is_final)
            if on_answer is not None:
                on_answer(best)
        return best

    def stop(self) -> None:
        """End the child process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()

    def _send(self, request: Request) -> None:
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        try:
            pickle.dump(request, self._process.stdin, protocol=5)
            self._process.stdin.flush()
        except OSError as error:
            raise SolverFailed("the solver's process takes no program") from error

    def _start(self) -> None:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tenders.composition.solver_process"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        self._heard = queue.SimpleQueue()
        Thread(target=_listen, args=(self._process, self._heard), daemon=True).start()

    def _hear(self, deadline: Deadline) -> Answer | None:
        """The next answer; None when the time is up."""
        late = 0.0
        while late <= GRACE:
            wait = min(LOOK_EVERY, max(0.05, deadline.left()))
            try:
                heard = self._heard.get(timeout=wait)
            except queue.Empty:
                late += wait if deadline.is_over() else 0.0
                continue
            if heard is None:
                raise SolverFailed("the solver's process ended without an answer")
            return heard
        return None


def _listen(process: subprocess.Popen[bytes], heard: "queue.SimpleQueue[Answer | None]") -> None:
    assert process.stdout is not None
    while True:
        try:
            heard.put(pickle.load(process.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            heard.put(None)
            return
