"""A mixed-integer program and a solver's answer to it, as plain arrays that travel between processes."""
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenders.composition.classes import Floats, Whole


@dataclass(frozen=True, slots=True)
class Program:
    """min cost·x + constant, 0 ≤ x ≤ upper, rows between row_lower and row_upper; money in euros.

    `entries`: row, column and value of each coefficient.
    """

    cost: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    row_lower: Floats
    row_upper: Floats
    entries: tuple[Whole, Whole, Floats]
    constant: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """A program, how long it may take (seconds), how good is good enough, and a point to start from."""

    program: Program
    seconds: float
    gap: float
    seed: int = 0
    start: Floats | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The best point found (None: none yet), its cost, and a bound no point is below, in euros."""

    point: Floats | None
    cost: float
    bound: float
    is_final: bool = True
