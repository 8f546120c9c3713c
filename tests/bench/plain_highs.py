"""The yardstick: the establishment-level program F1 as anybody would write it, handed to HiGHS whole.

Written straight from the instance, without the engine's classes, bounds or formulation: its optimum is what the
engine's answers are compared with.
"""
from dataclasses import dataclass, field

import numpy as np

from tenders.composition.instance import Instance
from tenders.composition.program import Program


@dataclass
class _Program:
    """A program growing column by column, row by row."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    lower_row: list[float] = field(default_factory=list)
    upper_row: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)

    def column(self, cost: float, upper: float, integer: bool) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1

    def row(self, lower: float, upper: float, *entries: tuple[int, float]) -> None:
        self.lower_row.append(lower)
        self.upper_row.append(upper)
        self.entries += [(len(self.lower_row) - 1, column, value) for column, value in entries]


def plain_program(instance: Instance) -> Program:
    """F1 over establishments, in euros: each need at one offer or outside."""
    program = _Program()
    coins = instance.coins
    volumes: list[list[tuple[int, float]]] = [[] for _ in instance.offers]
    for need in instance.needs:
        who = instance.establishments[need.establishment]
        choices = [program.column(need.quantity * need.alone_price / coins, 1.0, True)]
        for position, offer in enumerate(instance.offers):
            provider = instance.providers[offer.provider]
            if offer.category == need.category and who.region in provider.regions and who.requires <= provider.certificates:
                choices.append(program.column(need.quantity * offer.uplift.get(who.region, 0) / coins, 1.0, True))
                volumes[position].append((choices[-1], float(need.quantity)))
        program.row(1.0, 1.0, *((choice, 1.0) for choice in choices))
    work: list[list[tuple[int, float]]] = [[] for _ in instance.providers]
    for offer, assigned in zip(instance.offers, volumes, strict=True):
        reachable, brackets, pooled = int(sum(quantity for _, quantity in assigned)), [], []
        for bracket in offer.brackets:
            last = min(bracket.last, reachable)
            if bracket.first > last:
                continue
            chosen = program.column(offer.mobilisation / coins, 1.0, True)
            volume = program.column(bracket.unit_price / coins, float(last), False)
            program.row(-np.inf, 0.0, (volume, 1.0), (chosen, -float(last)))
            program.row(-np.inf, 0.0, (volume, -1.0), (chosen, float(bracket.first)))
            brackets.append((chosen, 1.0))
            pooled.append((volume, -1.0))
            work[offer.provider].append((volume, float(offer.workload_per_unit)))
        program.row(0.0, 0.0, *assigned, *pooled)
        program.row(-np.inf, 1.0, *brackets)
    for provider, load in zip(instance.providers, work, strict=True):
        program.row(-np.inf, float(provider.workload_capacity), *load)
    return _frozen(program)


def _frozen(program: _Program) -> Program:
    rows = np.array([entry[0] for entry in program.entries], np.int64)
    columns = np.array([entry[1] for entry in program.entries], np.int64)
    values = np.array([entry[2] for entry in program.entries], np.float64)
    return Program(
        np.array(program.cost), np.array(program.upper), np.array(program.integer, bool),
        np.array(program.lower_row), np.array(program.upper_row), (rows, columns, values),
    )  # fmt: skip
