"""A first composition at the bound's prices: offers in the order of what they save, each filled with what is left.

Heuristic; it gives an answer early and the solver a point to start from.
"""
import numpy as np
from numpy.typing import NDArray

from tenders.composition.classes import Floats, Model
from tenders.composition.lagrangean import Bound


def fill_greedily(model: Model, bound: Bound) -> tuple[NDArray[np.bool_], Floats]:
    """O×J brackets reached and O×K units served, within capacities; what is left stays outside."""
    prices = bound.prices
    left, work = model.slot_quantity.copy(), model.capacity.astype(float)
    brackets, served = np.zeros(model.price.shape, bool), np.zeros(model.unit_cost.shape)
    value = bound.contract.min(axis=1, initial=np.inf)
    for offer in np.argsort(value, kind="stable").tolist():
        category, provider = model.category[offer], model.provider[offer]
        effort = model.workload[offer]
        margin = model.unit_cost[offer] + effort * prices.work[provider] - prices.unit[category]
        order = np.argsort(margin, kind="stable")
        amount = np.minimum(left[category], model.most[offer])[order]
        room = work[provider] / effort if effort > 0 else np.inf
        found = _best_filling(model, offer, margin[order], amount, room)
        if found is None:
            continue
        number, volume = found
        taken = np.clip(volume - (np.cumsum(amount) - amount), 0.0, amount)
        served[offer, order] = taken
        brackets[offer, number] = True
        left[category, order] -= taken
        work[provider] -= volume * effort
    return brackets, served


def _best_filling(model: Model, offer: int, margin: Floats, amount: Floats, room: float) -> tuple[int, float] | None:
    """The bracket and volume that save most with these amounts left; None when no contract saves anything."""
    filled = np.cumsum(amount)
    spent = np.cumsum(np.where(amount > 0, np.where(np.isfinite(margin), margin, 0.0) * amount, 0.0))
    best, found = 0.0, None
    for number in range(model.price.shape[1]):
        first, last = float(model.first[offer, number]), float(min(model.last[offer, number], np.floor(room), filled[-1]))
        if first > last:
            continue
        price = model.price[offer, number]
        wanted = float(amount[margin < -price].sum())
        volume = float(np.floor(min(max(wanted, first), last)))
        margins = float(np.interp(volume, np.concatenate([[0.0], filled]), np.concatenate([[0.0], spent])))
        cost = model.mobilisation[offer] + price * volume + margins
        if cost < best:
            best, found = cost, (number, volume)
    return found
