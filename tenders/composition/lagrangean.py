"""How cheap a composition can be at best: a lower bound that needs no solver.

Assignment and workload are relaxed with prices; what is left is one choice per offer: no contract, or a bracket
filled with the cheapest classes between its ends: one sort. The prices are improved by a deflected subgradient
method (Camerini, Fratta and Maffioli, 1975) with a level step. Any prices give a valid bound.
"""
from dataclasses import dataclass
from typing import Final

import numpy as np

from tenders.composition.classes import Floats, Model, Whole
from tenders.composition.deadline import Deadline

PATIENCE: Final = 12
"""Steps without progress before the step is shortened."""
SHORTEST_LEVEL: Final = 2e-6


@dataclass(frozen=True, slots=True)
class Prices:
    """What serving one unit of each class (C×K) and one unit of work of each provider is worth, in coins."""

    unit: Floats
    work: Floats


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound in coins at `prices`; `contract[o, j]` is what offer o adds when it takes bracket j (≥ inf: cannot)."""

    value: float
    prices: Prices
    contract: Floats

    @property
    def best(self) -> Floats:
        """What each offer adds at best: 0 without a contract."""
        return np.minimum(self.contract.min(axis=1, initial=0.0), 0.0)

    def with_bracket(self) -> Floats:
        """A bound for each (offer, bracket): no composition that takes it is cheaper."""
        return self.value - self.best[:, None] + self.contract


@dataclass(slots=True)
class _Filled:
    """Each offer's answer to prices: what it adds per bracket, and the classes it takes at its best one."""

    contract: Floats
    volume: Floats
    taken: Floats


def respond(model: Model, prices: Prices) -> _Filled:
    """Each offer's cheapest way to fill each of its brackets at these prices, and its best answer (O×K units)."""
    reduced = model.unit_cost + (model.workload * prices.work[model.provider])[:, None] - prices.unit[model.category]
    order = np.argsort(reduced, axis=1)
    margin = np.take_along_axis(reduced, order, axis=1)
    amount = np.take_along_axis(model.most, order, axis=1)
    margin[amount <= 0] = np.inf
    filled = np.cumsum(amount, axis=1)
    spent = np.cumsum(np.where(amount > 0, np.where(np.isfinite(margin), margin, 0.0) * amount, 0.0), axis=1)
    contract, volume = _fill_brackets(model, margin, filled, spent)
    best = contract.argmin(axis=1)
    rows = np.arange(model.offers)
    chosen = np.where(contract[rows, best] < 0, volume[rows, best], 0.0)
    taken = np.empty_like(amount)
    np.put_along_axis(taken, order, np.clip(chosen[:, None] - (filled - amount), 0.0, amount), axis=1)
    return _Filled(contract, chosen, taken)


def _fill_brackets(model: Model, margin: Floats, filled: Floats, spent: Floats) -> tuple[Floats, Floats]:
    contract, volume = np.full(model.price.shape, np.inf), np.zeros(model.price.shape)
    before = np.concatenate([np.zeros((model.offers, 1)), filled], axis=1)
    cost_before = np.concatenate([np.zeros((model.offers, 1)), spent], axis=1)
    rows, widest = np.arange(model.offers), margin.shape[1]
    for number in range(model.price.shape[1]):
        price = model.price[:, number]
        wanted = before[rows, (margin < -price[:, None]).sum(axis=1)]
        level = np.clip(wanted, model.first[:, number], model.last[:, number])
        whole = (filled <= level[:, None]).sum(axis=1)
        rest = level - before[rows, whole]
        step = margin[rows, np.minimum(whole, widest - 1)]
        cost = cost_before[rows, whole] + np.where(rest > 0, np.where(np.isfinite(step), step, 0.0) * rest, 0.0)
        possible = (model.first[:, number] <= model.last[:, number]) & (level <= before[:, -1])
        contract[:, number] = np.where(possible, model.mobilisation + price * level + cost, np.inf)
        volume[:, number] = level
    return contract, volume


def bound_at(model: Model, prices: Prices) -> tuple[Bound, _Filled]:
    """The bound these prices prove, and the offers' answers to them."""
    filled = respond(model, prices)
    value = float(
        (np.minimum(prices.unit, model.slot_alone) * model.slot_quantity).sum()
        + np.minimum(filled.contract.min(axis=1, initial=0.0), 0.0).sum()
        - prices.work @ model.capacity
    )
    return Bound(value - 1e-11 * abs(value), prices, filled.contract), filled


def first_prices(model: Model) -> Prices:
    """Prices to start from: each class at the cheapest full price per unit an eligible offer asks, or its own alone."""
    full = np.where(model.first <= model.last, model.price + model.mobilisation[:, None] / np.maximum(model.last, 1), np.inf)
    asked = full.min(axis=1, initial=np.inf)[:, None] + model.unit_cost
    unit = model.slot_alone.copy()
    for category in range(len(unit)):
        own = asked[model.category == category]
        if len(own):
            unit[category] = np.minimum(unit[category], own.min(axis=0))
    return Prices(unit, np.zeros(len(model.capacity)))


def improve(model: Model, start: Prices, steps: int, deadline: Deadline) -> Bound:
    """The best bound found in this many steps from `start`."""
    best, filled = bound_at(model, start)
    prices, level, waiting = start, 0.01, 0
    scale_unit, scale_work = np.maximum(model.slot_quantity, 1e-9), np.maximum(model.capacity, 1.0)
    direction_unit, direction_work = np.zeros_like(start.unit), np.zeros_like(start.work)
    reached = best.value
    for _ in range(steps):
        if deadline.is_over():
            break
        gradient_unit, gradient_work = _gradient(model, prices, filled)
        direction_unit = gradient_unit + 0.6 * direction_unit
        direction_work = gradient_work + 0.6 * direction_work
        length = float((direction_unit**2 / scale_unit).sum() + (direction_work**2 / scale_work).sum())
        if length <= 0:
            break
        step = (best.value * (1 + level) - reached) / length
        prices = Prices(
            np.minimum(prices.unit + step * direction_unit / scale_unit, model.slot_alone),
            np.maximum(prices.work + step * direction_work / scale_work, 0.0),
        )
        found, filled = bound_at(model, prices)
        reached = found.value
        waiting += 1
        if found.value > best.value:
            waiting = 0 if found.value > best.value + 0.05 * level * abs(best.value) else waiting
            best = found
        if waiting >= PATIENCE:
            level, waiting, prices = level / 2, 0, best.prices
            reached, filled = best.value, respond(model, prices)
            direction_unit, direction_work = np.zeros_like(direction_unit), np.zeros_like(direction_work)
            if level < SHORTEST_LEVEL:
                break
    return best


def _gradient(model: Model, prices: Prices, filled: _Filled) -> tuple[Floats, Floats]:
    """Units of each class nobody took, and work above each provider's capacity."""
    served = np.zeros_like(prices.unit)
    np.add.at(served, model.category, filled.taken)
    work = np.bincount(model.provider, filled.volume * model.workload, len(model.capacity)) - model.capacity
    missing = model.slot_quantity - served
    missing = np.where((prices.unit >= model.slot_alone) & (missing > 0), 0.0, missing)
    return missing, np.where((prices.work <= 0) & (work < 0), 0.0, work)


def keep(bound: Bound, ceiling: float) -> Whole:
    """O×J: whether a composition cheaper than `ceiling` coins may take this bracket."""
    return (bound.with_bracket() < ceiling).astype(np.int64)
