"""A composition being worked on: where each block is, what its contracts hold, and what a change would cost."""
from dataclasses import dataclass

import numpy as np

from tenders.composition.classes import Floats, Model, Whole

OUTSIDE = -1


def work_of(model: Model, volume: Floats | Whole) -> Floats:
    """The work these volumes per offer mean for each provider."""
    return np.bincount(model.provider, volume * model.workload, len(model.capacity)).astype(np.float64)


@dataclass(slots=True)
class Plan:
    """Mutable state over a model: the offer of each block (OUTSIDE: alone), volume and members per offer, work done.

    Costs are in coins. A volume no bracket holds, too much work, too few or too many members cost `penalty` for each
    unit (or member) of it, so that a search leads back to what is allowed.
    """

    model: Model
    offer: Whole
    volume: Whole
    members: Whole
    load: Floats
    penalty: float
    alone: Floats
    category: Whole

    @classmethod
    def of(cls, model: Model, offer: Whole) -> "Plan":
        """The state of an assignment of blocks."""
        inside = offer >= 0
        volume = np.bincount(offer[inside], model.block_quantity[inside], model.offers).astype(np.int64)
        members = np.bincount(offer[inside], model.block_members[inside], model.offers).astype(np.int64)
        load = work_of(model, volume)
        alone = np.array([block.alone_cost for block in model.blocks], float)
        dearest = max(float(model.slot_alone.max(initial=1.0)), float(model.price.max(initial=1.0)))
        return cls(model, offer.copy(), volume, members, load, 50.0 * dearest, alone, model.block_category)

    def contract_cost(self, offers: Whole, volume: Whole, members: Whole) -> Floats:
        """What contracts of these offers cost without uplifts, penalties included; nothing without volume."""
        model, limits = self.model, self.model.limits
        cost = np.full(np.broadcast(offers, volume).shape, np.inf)
        is_held = np.zeros(cost.shape, bool)
        for number in range(model.price.shape[1]):
            first, last = model.first[offers, number], model.last[offers, number]
            short = np.maximum(np.maximum(first - volume, volume - last), 0)
            asked = model.mobilisation[offers] + model.price[offers, number] * volume
            here = (short == 0) & (first <= last)
            broken = asked + self.penalty * (short + 0.02 * first)
            cost = np.where(here, asked, np.where(is_held | (first > last), cost, np.minimum(cost, broken)))
            is_held |= here
        if limits.most_members is not None:
            cost = cost + self.penalty * np.maximum(members - limits.most_members, 0)
        if limits.least_members > 1:
            cost = cost + self.penalty * np.maximum(limits.least_members - members, 0)
        return np.where(volume > 0, cost, 0.0)

    def work_cost(self, offers: Whole, more: Floats) -> Floats:
        """The penalty of so much more work for the offers' providers, against now."""
        providers = self.model.provider[offers]
        over = np.maximum(self.load[providers] + more - self.model.capacity[providers], 0.0)
        now = np.maximum(self.load[providers] - self.model.capacity[providers], 0.0)
        return self.penalty * (over - now)

    def uplift(self, offers: Whole, blocks: Whole) -> Floats:
        """What blocks pay beside the pooled price at these offers: inf where they are not eligible."""
        return self.model.unit_cost[offers, self.model.block_slot[blocks]] * self.model.block_quantity[blocks]

    def move(self, block: int, target: int) -> None:
        """Put a block at another offer, or outside."""
        model, source = self.model, int(self.offer[block])
        for offer, sign in ((source, -1), (target, 1)):
            if offer >= 0:
                quantity = sign * int(model.block_quantity[block])
                self.volume[offer] += quantity
                self.members[offer] += sign * int(model.block_members[block])
                self.load[model.provider[offer]] += quantity * model.workload[offer]
        self.offer[block] = target

    def cost(self) -> float:
        """Cost of the whole plan in coins, penalties included."""
        offers = np.arange(self.model.offers)
        inside = np.flatnonzero(self.offer >= 0)
        pooled = self.contract_cost(offers, self.volume, self.members).sum()
        over = np.maximum(self.load - self.model.capacity, 0.0).sum()
        return float(
            pooled + self.uplift(self.offer[inside], inside).sum() + self.alone[self.offer < 0].sum() + self.penalty * over
        )

    def served(self) -> Floats:
        """O×K units each offer serves of each class."""
        served = np.zeros(self.model.unit_cost.shape)
        inside = np.flatnonzero(self.offer >= 0)
        np.add.at(served, (self.offer[inside], self.model.block_slot[inside]), self.model.block_quantity[inside])
        return served

    def copy(self) -> "Plan":
        """An independent copy."""
        return Plan.of(self.model, self.offer)

    def by_need(self) -> list[int]:
        """The assignment need by need, as the evaluator reads it."""
        found = [OUTSIDE] * sum(len(block.needs) for block in self.model.blocks)
        for block, offer in zip(self.model.blocks, self.offer.tolist(), strict=True):
            for need in block.needs:
                found[need] = offer
        return found
