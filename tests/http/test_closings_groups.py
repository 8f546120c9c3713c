"""Who reads what a closing gave to each grappe (domain §4b.15): cut like the pool, role by role."""
from datetime import timedelta
from typing import Any

import pytest

from marketplace.platform import clock
from tests.factories import accounts as make
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import grappe_of, site_and_user


@pytest.fixture
def closed(api: Any) -> dict[str, Any]:
    """A closed lot: a grappe of three organisations and one of two, 20 units each; three needs of 10 without a grappe."""
    lot = open_pool(minimum=50)
    readers: dict[str, Any] = {}
    grappes = {}
    for name, size in (("large", 3), ("pair", 2)):
        members = [site_and_user() for _ in range(size)]
        grappes[name] = grappe_of(*(site for site, _ in members), name=name)
        for site, user in members:
            _place(api, user, lot, site, {"quantity": 20, "grappe_id": str(grappes[name].id)})
        readers[f"member of {name}"] = members[0][1]
    for _ in range(3):
        site, user = site_and_user()
        _place(api, user, lot, site, {"quantity": 10})
        readers["alone"] = user
    readers |= {
        "clinic": make.user_in(), "provider": make.user_in(kind="provider"), "centre": centre_user(lot),
        "other_centre": make.user_in(kind="purchasing_centre"), "authority": make.user_in(kind="authority"),
    }  # fmt: skip
    with clock.frozen_at(lot.needs_close_at + timedelta(minutes=1)):
        decided = api(readers["centre"]).post(f"/api/v1/lots/{lot.id}/closing", json={})
    assert decided.status_code == 201
    return {"lot": lot, "readers": readers, "grappes": {str(each.id): name for name, each in grappes.items()},
            "decided": decided.json}  # fmt: skip


def _place(api: Any, user: Any, lot: Any, site: Any, body: dict[str, Any]) -> None:
    answer = api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={"firmness": "firm", **body})
    assert answer.status_code == 201


OUTSIDE = {"large": 60, None: 70}  # the pair and the needs without a grappe, put together
EVERYTHING = {"large": 60, "pair": 40, None: 30}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("provider", {}), ("clinic", OUTSIDE), ("alone", OUTSIDE), ("authority", OUTSIDE), ("other_centre", OUTSIDE),
        ("member of large", OUTSIDE), ("member of pair", EVERYTHING), ("centre", EVERYTHING),
    ],
)  # fmt: skip
def test_groups_of_a_closing_are_cut_like_the_pool(
    role: str, expected: dict[str | None, int], closed: dict[str, Any], api: Any
) -> None:
    (read,) = api(closed["readers"][role]).get(f"/api/v1/lots/{closed['lot'].id}/closings").json["items"]
    shown = {closed["grappes"].get(each["grappe_id"]): each["ordered_quantity"] for each in read["groups"]}
    assert shown == expected
    assert all(set(each) == {"grappe_id", "outcome", "ordered_quantity"} for each in read["groups"])


def test_the_centre_that_closes_is_answered_with_every_group(closed: dict[str, Any]) -> None:
    assert {closed["grappes"].get(each["grappe_id"]) for each in closed["decided"]["groups"]} == {"large", "pair", None}
