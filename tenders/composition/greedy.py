"""A first composition at the bound's prices: offers in the order of what they save, each filled with what is left.

A second round opens further contracts for whoever is still outside, wherever that is cheaper than alone.

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
    order = np.argsort(bound.contract.min(axis=1, initial=np.inf), kind="stable").tolist()
    for worth in (prices.unit, model.slot_alone):
        for offer in order:
            if not brackets[offer].any():
                _open(model, offer, (worth, prices.work), (left, work), (brackets, served))
    return brackets, served


def _open(
    model: Model, offer: int, worth: tuple[Floats, Floats], left: tuple[Floats, Floats], into: tuple[NDArray[np.bool_], Floats]
) -> None:
    """Open a contract where it saves something: takes units and work from what is `left`, and notes it."""
    category, provider, effort = model.category[offer], model.provider[offer], model.workload[offer]
    margin = model.unit_cost[offer] + effort * worth[1][provider] - worth[0][category]
    order = np.argsort(margin, kind="stable")
    amount = np.minimum(left[0][category], model.most[offer])[order]
    room = left[1][provider] / effort if effort > 0 else np.inf
    found = _best_filling(model, offer, margin[order], amount, room)
    if found is None:
        return
    number, volume = found
    taken = np.clip(volume - (np.cumsum(amount) - amount), 0.0, amount)
    into[0][offer, number] = True
    into[1][offer, order] = taken
    left[0][category, order] -= taken
    left[1][provider] -= volume * effort


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
