"""From units of classes to single needs: who exactly is in which contract.

Largest needs first, each to the offer that still misses most; what an offer got too much or too little of in one
class is carried over to the next, so that contracts end close to the volumes wanted.
"""
import heapq
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tenders.composition.classes import Floats, Model, Whole
from tenders.composition.plan import OUTSIDE

LEAST_UNITS: Final = 1e-6
NEARLY_FULL: Final = 0.97
"""Share of a provider's workload from which its contracts are held to the volumes wanted."""


def steered(model: Model, brackets: NDArray[np.bool_], served: Floats) -> Model:
    """The model with one bracket per offer: the one reached; a nearly full provider's ends at the volume wanted.

    A search in it cannot slide into another bracket by accident; offers that serve nothing are closed.
    """
    volume = served.sum(axis=1)
    work = np.bincount(model.provider, volume * model.workload, len(model.capacity))
    is_full = (work >= NEARLY_FULL * model.capacity)[model.provider]
    rows, number = np.arange(model.offers), brackets.argmax(axis=1)
    is_open = brackets.any(axis=1) & (volume > LEAST_UNITS)
    first = np.where(is_open, model.first[rows, number], 1)
    wanted = np.maximum(np.floor(volume + LEAST_UNITS).astype(np.int64), first)
    last = np.where(is_full, np.minimum(wanted, model.last[rows, number]), model.last[rows, number])
    last = np.where(is_open, last, 0)
    return replace(model, first=first[:, None], last=last[:, None], price=model.price[rows, number][:, None])


def round_to_blocks(model: Model, served: Floats) -> Whole:
    """The offer of each block (OUTSIDE: alone), close to O×K `served` units."""
    offer = np.full(len(model.blocks), OUTSIDE, np.int64)
    owed = np.zeros(model.offers)
    if not len(offer):
        return offer
    order = np.lexsort((-model.block_quantity, model.block_slot, model.block_category))
    starts = np.flatnonzero(np.diff(_places(model)[order], prepend=-1))
    groups = np.split(order, starts[1:])
    groups.sort(key=lambda group: -int(model.block_quantity[group].max(initial=0)))
    for group in groups:
        _round_class(model, served, group, offer, owed)
    return offer


def _places(model: Model) -> Whole:
    return model.block_category * model.slot_quantity.shape[1] + model.block_slot


def _round_class(model: Model, served: Floats, group: Whole, offer: Whole, owed: Floats) -> None:
    category, slot = int(model.block_category[group[0]]), int(model.block_slot[group[0]])
    units = served[:, slot] * (model.category == category)
    takers = np.flatnonzero(units > LEAST_UNITS)
    if not len(takers):
        return
    outside = max(0.0, model.slot_quantity[category, slot] - units[takers].sum())
    missing = [(-(units[one] + owed[one]), int(one)) for one in takers]
    if outside > LEAST_UNITS:
        missing.append((-outside, OUTSIDE))
    heapq.heapify(missing)
    for block, quantity in zip(group.tolist(), model.block_quantity[group].tolist(), strict=True):
        left, taker = missing[0]
        offer[block] = taker
        heapq.heapreplace(missing, (left + quantity, taker))
    for left, taker in missing:
        if taker >= 0:
            owed[taker] = -left
