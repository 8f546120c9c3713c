"""Where a provider stands on open lots: what it lacks, in as many statements for ten lots as for one."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tenders.matching.queries import find_matches, list_own_matches
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.vehicles import VehicleFactory, open_lot


@pytest.fixture
def lots(session: Session) -> Any:
    vehicle = VehicleFactory(opened_at=clock.now(), ends_on=clock.today() + timedelta(days=700))
    return [open_lot(vehicle_id=vehicle.id, requirements={"regions": ["84"]}) for _ in range(10)]


def test_a_provider_learns_what_it_lacks_for_each_lot(session: Session, lots: Any, actor_for: Callable) -> None:
    provider = make.ProviderFactory(regions=["11"])
    make.published_offer(provider_id=provider.id)
    found = list_own_matches(session, actor_for(make.person_of(provider)), lots)
    assert [match.lot.id for match in found] == [lot.id for lot in lots]
    assert {tuple(failed.code for failed in match.row.failed) for match in found} == {("region",)}
    provider.regions = ["11", "84"]
    session.commit()
    found = list_own_matches(session, actor_for(make.person_of(provider)), lots)
    assert all(match.row.failed == () for match in found)


def test_only_an_offer_of_the_lot_s_category_counts(session: Session, lots: Any, actor_for: Callable) -> None:
    provider = make.ProviderFactory()
    make.published_offer(provider_id=provider.id, category_code="soc")
    found = list_own_matches(session, actor_for(make.person_of(provider)), lots[:1])
    assert [failed.code for failed in found[0].row.failed] == ["offer_published"]


def test_ten_lots_cost_as_many_statements_as_one(
    session: Session, lots: Any, actor_for: Callable, count_queries: Callable
) -> None:
    provider = make.ProviderFactory()
    make.published_offer(provider_id=provider.id, regional_uplifts={"84": "0.1000"})
    actor = actor_for(make.person_of(provider))

    def cost(listed: list[Any]) -> int:
        with count_queries() as statements:
            list_own_matches(session, actor, listed)
        return len(statements)

    cost(lots)
    assert cost(lots) == cost(lots[:1])


def test_readers_without_a_right_get_no_matches(session: Session, lots: Any, actor_for: Callable) -> None:
    stranger = actor_for(accounts.user_in())
    assert list_own_matches(session, stranger, lots) == []
    assert find_matches(session, stranger, lots[0]) is None
