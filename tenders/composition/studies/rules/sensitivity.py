"""What if: prices rise, a provider is lost, a member leaves. Each is another instance; the answer is composed again."""
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tenders.composition.instance import Bracket, Instance, Offer

DEARER_PERCENT: Final = 5
MOST_LOST: Final = 3
"""Providers, and members, whose loss is looked at: those that weigh most."""


@dataclass(frozen=True)
class Shock:
    """What happens: `prices_up`, `provider_lost`, `member_lost`; and to whom (ids; None: everybody)."""

    kind: str
    subject: str | None


@dataclass(frozen=True)
class Effect:
    """What it changes for those who stay: euros over the term, purchases, and needs left outside, against the study."""

    shock: Shock
    difference: Decimal
    purchases: int
    more_outside: int


def dearer(instance: Instance, percent: int) -> Instance:
    """Every price of every offer risen by so many per cent, to the coin below."""

    def up(coins: int) -> int:
        return coins * (100 + percent) // 100

    def risen(offer: Offer) -> Offer:
        brackets = tuple(Bracket(one.first, one.last, up(one.unit_price)) for one in offer.brackets)
        uplift = {region: up(coins) for region, coins in offer.uplift.items()}
        return replace(offer, mobilisation=up(offer.mobilisation), brackets=brackets, uplift=uplift)

    return replace(instance, offers=tuple(risen(offer) for offer in instance.offers))


def without_offers(instance: Instance, lost: Collection[int]) -> Instance:
    """The same market, but these offers (positions) serve nobody any more."""
    gone = {instance.offers[position].provider for position in lost}
    providers = [
        replace(provider, regions=frozenset()) if position in gone else provider
        for position, provider in enumerate(instance.providers)
    ]
    return replace(instance, providers=tuple(providers))


def without_needs(instance: Instance, lost: Collection[int]) -> Instance:
    """The same market without these needs (positions)."""
    kept = tuple(need for position, need in enumerate(instance.needs) if position not in lost)
    return replace(instance, needs=kept)
