"""Who would rather leave: the largest saving found for a coalition that buys for itself, against what it is asked.

A coalition has the whole market to itself (the usual reading of the core), so where capacities are scarce a complaint
does not mean that everybody could follow it. Tried: for each offer, those who would save most per unit, as many as
it takes. Heuristic: a complaint that is not found may exist.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tenders.composition.classes import Whole
from tenders.composition.instance import Instance, Offer


@dataclass(frozen=True, slots=True)
class Complaint:
    """These needs together would pay `amount` coins less with a contract of their own on `offer`."""

    offer: int
    needs: tuple[int, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class _Needs:
    """Needs as arrays, and the kinds (region, required certificates) of who has them."""

    category: Whole
    quantity: Whole
    share: Whole
    kind: Whole
    kinds: tuple[tuple[str, frozenset[str]], ...]


def largest_complaint(instance: Instance, shares: Sequence[int]) -> Complaint | None:
    """The largest complaint found against these shares (coins per need); None when none was."""
    if not instance.needs:
        return None
    found: Complaint | None = None
    needs = _needs(instance, shares)
    for position in range(len(instance.offers)):
        complaint = _complaint(instance, position, needs)
        if complaint is not None and (found is None or complaint.amount > found.amount):
            found = complaint
    return found


def _needs(instance: Instance, shares: Sequence[int]) -> _Needs:
    kinds: dict[tuple[str, frozenset[str]], int] = {}
    kind = [kinds.setdefault((who.region, who.requires), len(kinds)) for who in instance.establishments]
    rows = np.array([(need.category, need.quantity, kind[need.establishment]) for need in instance.needs], np.int64)
    return _Needs(rows[:, 0], rows[:, 1], np.array(shares, np.int64), rows[:, 2], tuple(kinds))


def _complaint(instance: Instance, position: int, needs: _Needs) -> Complaint | None:
    offer = instance.offers[position]
    uplift = _uplifts(instance, offer, needs.kinds)[needs.kind]
    members = np.flatnonzero((needs.category == offer.category) & (uplift >= 0))
    quantity = needs.quantity[members]
    spared = needs.share[members] - quantity * uplift[members]
    order = np.argsort(-(spared / quantity), kind="stable")
    volume, saved = np.cumsum(quantity[order]), np.cumsum(spared[order])
    price = np.full(len(volume), -1, np.int64)
    for bracket in offer.brackets:
        price[(volume >= bracket.first) & (volume <= bracket.last)] = bracket.unit_price
    possible = (price >= 0) & (volume * offer.workload_per_unit <= instance.providers[offer.provider].workload_capacity)
    saving = np.where(possible, saved - offer.mobilisation - volume * price, 0)
    if not len(saving) or saving.max() <= 0:
        return None
    best = int(saving.argmax())
    return Complaint(position, tuple(np.sort(members[order[: best + 1]]).tolist()), int(saving[best]))


def _uplifts(instance: Instance, offer: Offer, kinds: tuple[tuple[str, frozenset[str]], ...]) -> Whole:
    """Coins per unit for each kind, -1 where the provider may not serve it."""
    provider = instance.providers[offer.provider]
    return np.array([
        offer.uplift.get(region, 0) if region in provider.regions and requires <= provider.certificates else -1
        for region, requires in kinds
    ])  # fmt: skip
