"""The composition as a mixed-integer program (F1), over classes or over single needs.

Goossens, Maas, Spieksma and van de Klundert, EJOR 178(2), 2007: per (offer, bracket) whether it is reached, and the
volume in it; volumes equal the quantities assigned. Over classes x is the units of a class that an offer serves, a
relaxation whose bound holds for single needs; over needs x is 0 or 1.
"""
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tenders.composition.classes import Floats, Model, Whole
from tenders.composition.program import Program


@dataclass(frozen=True)
class Formulation:
    """Which brackets (O×J) and arcs (O×K) take part, and the columns they became.

    Columns: x per arc, then per bracket y (reached or not) and v (the volume in it).
    """

    model: Model
    brackets: NDArray[np.bool_]
    arcs: NDArray[np.bool_]
    is_single: bool
    coins: int

    @cached_property
    def arc(self) -> tuple[Whole, Whole]:
        """Offer and slot of each x column."""
        offers, slots = np.nonzero(self.arcs)
        return offers, slots

    @cached_property
    def bracket(self) -> tuple[Whole, Whole]:
        """Offer and bracket number of each y (and v) column."""
        offers, numbers = np.nonzero(self.brackets)
        return offers, numbers

    @cached_property
    def units(self) -> Floats:
        """Units one x stands for: 1 over classes, the need's quantity over needs."""
        offers, slots = self.arc
        if not self.is_single:
            return np.ones(len(offers))
        return self.model.slot_quantity[self.model.category[offers], slots]

    @property
    def columns(self) -> tuple[int, int]:
        """How many x, how many y."""
        return len(self.arc[0]), len(self.bracket[0])

    def volumes(self, point: Floats) -> Floats:
        """O×K units each offer serves of each class."""
        served = np.zeros(self.arcs.shape)
        served[self.arc] = point[: self.columns[0]] * self.units
        return served

    def reached(self, point: Floats) -> NDArray[np.bool_]:
        """O×J: the brackets a point reaches."""
        reached = np.zeros(self.brackets.shape, bool)
        arcs, brackets = self.columns
        reached[self.bracket] = point[arcs : arcs + brackets] > 0.5
        return reached

    def point_of(self, served: Floats) -> Floats:
        """The columns' values of O×K served units (a start for the solver)."""
        arcs, brackets = self.columns
        point = np.zeros(arcs + 2 * brackets)
        point[:arcs] = served[self.arc] / self.units
        volume = served.sum(axis=1)
        offers, numbers = self.bracket
        first, last = self.model.first[offers, numbers], self.model.last[offers, numbers]
        reached = (volume[offers] > 0) & (volume[offers] >= first - 1e-6) & (volume[offers] <= last + 1e-6)
        point[arcs : arcs + brackets] = reached
        point[arcs + brackets :] = np.where(reached, volume[offers], 0.0)
        return point


def formulate(
    model: Model, brackets: NDArray[np.bool_], coins: int, *, is_single: bool, arcs: NDArray[np.bool_] | None = None
) -> Formulation:
    """The formulation with these brackets (only reachable ones are kept) and arcs (all eligible ones by default)."""
    brackets = brackets & (model.first <= model.last)
    possible = np.isfinite(model.unit_cost) & (model.most > 0) & brackets.any(axis=1, keepdims=True)
    return Formulation(model, brackets, possible if arcs is None else possible & arcs, is_single, coins)


def program_of(form: Formulation) -> Program:
    """The mixed-integer program of a formulation."""
    model = form.model
    (offer, slot), (at, number) = form.arc, form.bracket
    arcs, brackets = form.columns
    category = model.category[offer]
    saving = (model.unit_cost[offer, slot] - model.slot_alone[category, slot]) * form.units
    first, last = model.first[at, number].astype(float), model.last[at, number].astype(float)
    price = model.price[at, number]
    cost = np.concatenate([saving, model.mobilisation[at], price]) / form.coins
    most = model.most[offer, slot]
    upper = np.concatenate([np.ones(arcs) if form.is_single else most, np.ones(brackets), last])
    integer = np.concatenate([np.full(arcs, form.is_single), np.ones(brackets, bool), np.zeros(brackets, bool)])
    rows = _Rows(arcs, brackets)
    _assignment(rows, form, category * model.unit_cost.shape[1] + slot)
    _volumes(rows, form, first, last)
    _workload(rows, form, last)
    _members(rows, form)
    lower, above, entries = rows.finished()
    constant = float((model.slot_alone * model.slot_quantity).sum()) / form.coins
    return Program(cost, upper, integer, lower, above, entries, constant)


class _Rows:
    """Collects rows of the program."""

    def __init__(self, arcs: int, brackets: int) -> None:
        self.x = np.arange(arcs)
        self.y = np.arange(arcs, arcs + brackets)
        self.v = np.arange(arcs + brackets, arcs + 2 * brackets)
        self._count = 0
        self._bounds: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Whole, Whole, Floats]] = []

    def add(self, lower: Floats, upper: Floats, *parts: tuple[Whole, Whole, Floats]) -> None:
        """Rows with these bounds; each part gives row (from 0), column and value of its entries."""
        for row, column, value in parts:
            self._entries.append((row + self._count, column, value))
        self._bounds.append((lower, upper))
        self._count += len(lower)

    def finished(self) -> tuple[Floats, Floats, tuple[Whole, Whole, Floats]]:
        """Bounds and entries of all rows."""
        lower, upper = (np.concatenate(side) for side in zip(*self._bounds, strict=True))
        row, column, value = (np.concatenate(side) for side in zip(*self._entries, strict=True))
        return lower, upper, (row, column, value)


def _assignment(rows: _Rows, form: Formulation, place: Whole) -> None:
    """A class is served at most once over; what is not served stays outside."""
    used, row = np.unique(place, return_inverse=True)
    amount = np.ones(len(used)) if form.is_single else form.model.slot_quantity.ravel()[used]
    rows.add(np.full(len(used), -np.inf), amount, (row, rows.x, np.ones(len(row))))


def _volumes(rows: _Rows, form: Formulation, first: Floats, last: Floats) -> None:
    """Units assigned are the volume; a bracket's volume lies between its ends; at most one bracket is reached."""
    at = form.bracket[0]
    used, row_of_bracket = np.unique(at, return_inverse=True)
    place = np.zeros(form.model.offers, np.int64)
    place[used] = np.arange(len(used))
    nothing = np.zeros(len(used))
    rows.add(
        nothing, nothing, (place[form.arc[0]], rows.x, form.units), (row_of_bracket, rows.v, -np.ones(len(at)))
    )
    every, unbounded = np.arange(len(at)), np.full(len(at), -np.inf)
    rows.add(unbounded, np.zeros(len(at)), (every, rows.v, np.ones(len(at))), (every, rows.y, -last))
    rows.add(unbounded, np.zeros(len(at)), (every, rows.v, -np.ones(len(at))), (every, rows.y, first))
    rows.add(np.full(len(used), -np.inf), np.ones(len(used)), (row_of_bracket, rows.y, np.ones(len(at))))


def _workload(rows: _Rows, form: Formulation, last: Floats) -> None:
    """A provider's contracts together stay within its workload; left out where they cannot exceed it."""
    model, at = form.model, form.bracket[0]
    highest = np.zeros(model.offers)
    np.maximum.at(highest, at, last)
    possible = np.bincount(model.provider, highest * model.workload, len(model.capacity))
    tight = np.flatnonzero(possible > model.capacity)
    if not len(tight):
        return
    place = np.full(len(model.capacity), -1)
    place[tight] = np.arange(len(tight))
    row = place[model.provider[at]]
    used = row >= 0
    rows.add(np.full(len(tight), -np.inf), model.capacity[tight], (row[used], rows.v[used], model.workload[at[used]]))


def _members(rows: _Rows, form: Formulation) -> None:
    """Limits on members. Over classes: units of a class come from at least units ÷ largest, at most ÷ smallest needs."""
    model, limits, at = form.model, form.model.limits, form.bracket[0]
    offer, slot = form.arc
    used, row_of_bracket = np.unique(at, return_inverse=True)
    place = np.zeros(model.offers, np.int64)
    place[used] = np.arange(len(used))
    category = model.category[offer]
    members = model.slot_members[category, slot]
    if limits.most_members is not None:
        fewest = members if form.is_single else 1.0 / model.slot_largest[category, slot]
        rows.add(
            np.full(len(used), -np.inf), np.zeros(len(used)), (place[offer], rows.x, fewest),
            (row_of_bracket, rows.y, np.full(len(at), -float(limits.most_members))),
        )  # fmt: skip
    if limits.least_members > 1:
        highest = members if form.is_single else 1.0 / model.slot_smallest[category, slot]
        rows.add(
            np.zeros(len(used)), np.full(len(used), np.inf), (place[offer], rows.x, highest),
            (row_of_bracket, rows.y, np.full(len(at), -float(limits.least_members))),
        )  # fmt: skip
