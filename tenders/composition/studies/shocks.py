"""How sensitive an answer is: composed again with dearer prices, without a provider, without a member."""
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from marketplace.platform.money import round_cents
from tenders.composition.evaluator import NotFeasible
from tenders.composition.instance import Instance, Limits
from tenders.composition.solve import Composition, Settings, compose, recompose
from tenders.composition.solver import SolverFailed
from tenders.composition.studies.rules.findings import Findings, PricedNeed, find
from tenders.composition.studies.rules.sensitivity import (
    DEARER_PERCENT,
    MOST_LOST,
    Effect,
    Shock,
    dearer,
    without_needs,
    without_offers,
)

SECONDS: Final = 10.0
"""Each shock is looked at for so long at most."""
MOST_NEEDS: Final = 20_000
"""Above, a rise of prices is not composed again: every purchase would have to be."""
WHOLE_AGAIN: Final = 2_000
"""Up to so many needs the whole market is composed again; above, only the categories that the shock touches."""


def shake(
    composition: Composition, found: Findings, offers_of_providers: Mapping[str, Sequence[int]], limits: Limits,
    needs: Sequence[PricedNeed], is_cancelled: Callable[[], bool],
) -> list[Effect]:  # fmt: skip
    """What each shock changes for those who stay; one that cannot be composed is left out."""
    bench = _Bench(composition, found, tuple(needs), Settings(SECONDS, limits=limits, is_cancelled=is_cancelled))
    effects: list[Effect | None] = []
    if len(needs) <= MOST_NEEDS:
        effects.append(bench.prices_up())
    for provider, offers in _heaviest_providers(composition, offers_of_providers):
        effects.append(bench.provider_lost(provider, offers))
    for position in _heaviest_members(composition):
        effects.append(bench.member_lost(position))
    return [effect for effect in effects if effect is not None]


class _Bench:
    """One answer, shaken in several ways."""

    def __init__(
        self, composition: Composition, found: Findings, needs: tuple[PricedNeed, ...], settings: Settings
    ) -> None:
        self.composition, self.found, self.needs, self.settings = composition, found, needs, settings

    def prices_up(self) -> Effect | None:
        """Everything dearer by five per cent."""
        instance = dearer(self.composition.instance, DEARER_PERCENT)
        return self._effect(Shock("prices_up", None), instance, self.needs, None, Decimal(0))

    def provider_lost(self, provider: str, offers: Sequence[int]) -> Effect | None:
        """A provider serves nobody any more: who was with it looks for another, the rest stays."""
        lost = set(offers)
        instance = without_offers(self.composition.instance, lost)
        earlier = [None if one in lost else one for one in self.composition.assignment]
        return self._effect(Shock("provider_lost", provider), instance, self.needs, earlier, Decimal(0))

    def member_lost(self, position: int) -> Effect | None:
        """A member leaves; the difference is for the others, what it paid is taken off."""
        instance = without_needs(self.composition.instance, {position})
        category = self.composition.instance.needs[position].category
        earlier: list[int | None] = []
        for place, offer in enumerate(self.composition.assignment):
            if place != position:
                same = self.composition.instance.needs[place].category == category
                earlier.append(None if same and offer < 0 else offer)
        needs = tuple(need for place, need in enumerate(self.needs) if place != position)
        who = self.composition.instance.establishments[self.composition.instance.needs[position].establishment].id
        gone = self.found.places[position].amount or Decimal(0)
        return self._effect(Shock("member_lost", who), instance, needs, earlier, gone)

    def _effect(
        self, shock: Shock, instance: Instance, needs: tuple[PricedNeed, ...], earlier: list[int | None] | None,
        gone: Decimal,
    ) -> Effect | None:  # fmt: skip
        try:
            if earlier is None or len(needs) <= WHOLE_AGAIN:
                after = find(compose(instance, self.settings), needs)
            else:
                after = find(recompose(instance, earlier, self.settings), needs)
        except (NotFeasible, SolverFailed):
            return None
        difference = round_cents(after.cost - (self.found.cost - gone))
        return Effect(shock, difference, len(after.purchases), after.outside - self.found.outside)


def _heaviest_providers(
    composition: Composition, offers_of_providers: Mapping[str, Sequence[int]]
) -> list[tuple[str, Sequence[int]]]:
    cost = {one.offer: one.cost for one in composition.evaluation.contracts}
    weights = [(sum(cost.get(offer, 0) for offer in offers), name, offers) for name, offers in offers_of_providers.items()]
    heaviest = sorted((one for one in weights if one[0]), key=lambda one: (-one[0], one[1]))
    return [(name, offers) for _, name, offers in heaviest[:MOST_LOST]]


def _heaviest_members(composition: Composition) -> list[int]:
    inside = [position for position, offer in enumerate(composition.assignment) if offer >= 0]
    return sorted(inside, key=lambda one: (-composition.shares[one], one))[:MOST_LOST]

