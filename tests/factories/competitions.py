"""Mini-competitions for tests: opened, answered and decided by the use cases, at a moment of their own."""
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marketplace.platform import clock
from marketplace.platform.database import db, transaction
from tenders.contracts.competitions.models import Competition, CompetitionFramework
from tenders.contracts.competitions.services.answering import answer_competition
from tenders.contracts.competitions.services.opening import Want, open_competition
from tenders.vehicles.models import Vehicle
from tests.factories.base import Factory
from tests.factories.ordering import SharedLot, shared_lot


class CompetitionFrameworkFactory(Factory):
    """A lot whose offers are judged on one quality beside the price; give lot_id."""

    class Meta:
        model = CompetitionFramework

    answer_days = 7
    least_price_percent = 50
    qualities = ("Délai d'intervention",)

    @classmethod
    def _adjust_kwargs(cls, **kwargs: Any) -> dict[str, Any]:
        return {**kwargs, "qualities": list(kwargs["qualities"])}


def competing_lot(shares: tuple[int, ...] = (60, 40), *, may_be_price_alone: bool = True, **columns: Any) -> SharedLot:
    """A lot with several activated contracts whose holders compete for each order; member prices 6, 7, … by rank."""
    shared = shared_lot("mini_competition", shares, **columns)
    with transaction() as session:
        vehicle = session.get_one(Vehicle, shared.lot.vehicle_id)
        vehicle.allows_price_only_award = may_be_price_alone
    return shared


def wanted(shared: SharedLot, quantity: int = 100, **facts: Any) -> Want:
    """Ten days to answer, delivery in twenty."""
    usual = {
        "establishment_id": shared.members[0][0].id, "lot_id": shared.lot.id, "quantity": quantity,
        "starts_on": clock.today() + timedelta(days=20), "closes_at": clock.now() + timedelta(days=10), "weights": {},
    }  # fmt: skip
    return Want(**{**usual, **facts})


def opened(shared: SharedLot, quantity: int = 100, **facts: Any) -> Competition:
    """A competition that the first member's signatory opened now; as it was then, whatever is refused later."""
    competition = open_competition(shared.members[0][1], wanted(shared, quantity, **facts))
    db.session.expunge(competition)
    return competition


def answered(shared: SharedLot, competition: Competition, place: int, unit_price: str, **facts: Any) -> None:
    """The price of the holder of a place (0: the best rank)."""
    answer_competition(
        shared.holders[place], competition.id, shared.contracts[place].id, unit_price=Decimal(unit_price), **facts
    )


def past_deadline(competition: Competition, **more: Any) -> AbstractContextManager[None]:
    """A moment after the deadline: a minute later unless told otherwise."""
    return clock.frozen_at(competition.closes_at + timedelta(**(more or {"minutes": 1})))
