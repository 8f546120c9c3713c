"""What-if beyond one's own quantity: others joining or leaving, a grappe coming along, an extension; nothing is written."""
import html
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tenders.demand.models import NeedVersion
from tests.factories.demand import open_pool
from tests.factories.grappes import grappe_of, site_and_user


def suppose(api: Any, user: Any, lot: Any, site: Any, **more: Any) -> Any:
    return api(user).get(f"/api/v1/lots/{lot.id}/pool/what-if", query_string={"establishment_id": str(site.id), **more})


def pool_of(api: Any, user: Any, lot: Any) -> dict[str, Any]:
    return api(user).get(f"/api/v1/lots/{lot.id}/pool").get_json()


def put(api: Any, user: Any, lot: Any, site: Any, quantity: int, **more: Any) -> None:
    body = {"quantity": quantity, "firmness": "firm", **more}
    assert api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=body).status_code in (200, 201)


def need(api: Any, lot: Any, quantity: int, **more: Any) -> Any:
    """A clinic of its own with a need on the lot."""
    site, user = site_and_user()
    put(api, user, lot, site, quantity, **more)
    return site


def asks(units: int) -> dict[str, Any]:
    """What a need that asks for so many pooled units says."""
    return {"firmness": "conditional", "condition": {"minimum_pool_quantity": units}}


def grappe_with(api: Any, lot: Any, members: int, quantity: int, name: str) -> Any:
    """A grappe of clinics of their own, each with a need on the lot."""
    people = [site_and_user() for _ in range(members)]
    grappe = grappe_of(*(site for site, _ in people), name=name)
    for site, user in people:
        put(api, user, lot, site, quantity, grappe_id=str(grappe.id))
    return grappe


def test_an_unknown_member_joins_or_leaves_and_ones_own_need_stays(api: Any, session: Session) -> None:
    lot = open_pool(minimum=500, maximum=None, requirements={})
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    need(api, lot, 150)
    written = session.scalar(select(func.count()).select_from(NeedVersion))
    joined = suppose(api, user, lot, site, joining_quantity=150).get_json()
    assert (joined["firm"], joined["members"], joined["missing"], joined["is_met"]) == (500, 3, 0, True)
    left = suppose(api, user, lot, site, leaving_quantity=150).get_json()
    assert (left["firm"], left["members"], left["missing"], left["need_status"]) == (200, 1, 300, "counted")
    both = suppose(api, user, lot, site, quantity=300, leaving_quantity=50, joining_quantity=90).get_json()
    assert (both["firm"], both["missing"]) == (490, 10)
    assert session.scalar(select(func.count()).select_from(NeedVersion)) == written


def test_nobody_leaves_with_more_than_others_engaged(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None)
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    need(api, lot, 150)
    refused = suppose(api, user, lot, site, quantity=0, leaving_quantity=151)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "fewer_units_pooled")
    per_grappe = open_pool(minimum=500, maximum=None, minimum_scope="grappe")
    need(api, per_grappe, 150)
    alone = suppose(api, user, per_grappe, site, quantity=5, leaving_quantity=10).get_json()
    assert (alone["code"], alone["available"]) == ("fewer_units_pooled", 0)


def test_beyond_the_maximum_the_last_to_come_waits(api: Any) -> None:
    lot = open_pool(minimum=None, maximum=300)
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    found = suppose(api, user, lot, site, joining_quantity=101).get_json()
    assert (found["firm"], found["waitlisted"]) == (200, 101)
    room = suppose(api, user, lot, site, quantity=199, joining_quantity=101).get_json()
    assert (room["firm"], room["waitlisted"]) == (300, 0)


def test_members_are_named_only_inside_what_the_caller_may_see(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_scope="grappe")
    site, user = site_and_user()
    mate, mates_user = site_and_user()
    waiting, waiting_user = site_and_user()
    grappe = grappe_of(site, mate, waiting)
    through = {"grappe_id": str(grappe.id)}
    put(api, user, lot, site, 200, **through)
    put(api, mates_user, lot, mate, 150, **through)
    put(api, waiting_user, lot, waiting, 400, firmness="indicative", **through)
    stranger = need(api, lot, 70)
    left = suppose(api, user, lot, site, leaving_establishment_id=str(mate.id)).get_json()
    assert [(row["name"], row["firm"], row["members"]) for row in left["grappes"]] == [(grappe.name, 200, 1)]
    joined = suppose(api, user, lot, site, joining_establishment_id=str(waiting.id)).get_json()
    assert [(row["firm"], row["indicative"], row["members"]) for row in joined["grappes"]] == [(750, 0, 3)]
    assert suppose(api, user, lot, site, leaving_establishment_id=str(stranger.id)).status_code == 404
    itself = suppose(api, user, lot, site, leaving_establishment_id=str(site.id))
    assert (itself.status_code, list(itself.get_json()["errors"])) == (422, ["leaving_establishment_id"])
    twice = {"leaving_establishment_id": str(mate.id), "joining_establishment_id": str(mate.id)}
    assert suppose(api, user, lot, site, **twice).status_code == 422
    anonymous = suppose(api, user, lot, site, joining_quantity=150).get_json()
    assert anonymous["grappes"][0]["firm"] == 500
    others_only = pool_of(api, user, lot)["missing"] - anonymous["missing"]
    assert others_only == 150


def test_a_leaving_members_condition_leaves_with_it(api: Any) -> None:
    lot = open_pool(minimum=300, maximum=None)
    site, user = site_and_user()
    mate, mates_user = site_and_user()
    grappe_of(site, mate)
    put(api, user, lot, site, 250)
    put(api, mates_user, lot, mate, 100, **asks(400))
    assert pool_of(api, user, lot)["conditions_open"]
    hidden = suppose(api, user, lot, site, leaving_establishment_id=str(mate.id))
    assert hidden.status_code == 404  # placed on its own: its grappe does not see it
    reached = suppose(api, user, lot, site, quantity=300).get_json()
    assert (reached["conditions_open"], reached["is_met"]) == (False, True)


def test_a_grappe_of_this_lot_counts_with_ones_own_where_its_volume_is_told(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_scope="grappe")
    site, user = site_and_user()
    mine = grappe_of(site, site_and_user()[0], name="Nous")
    put(api, user, lot, site, 250, grappe_id=str(mine.id))
    large = grappe_with(api, lot, 3, 90, "Grande")
    before = pool_of(api, user, lot)
    assert (before["is_met"], before["missing"]) == (False, 480)
    merged = suppose(api, user, lot, site, merging_grappe_id=str(large.id)).get_json()
    assert (merged["firm"], merged["is_met"], merged["missing"]) == (520, True, 0)
    assert {row["name"]: row["firm"] for row in merged["grappes"]} == {"Nous": 520, "Grande": 0}


def test_a_grappe_of_another_lot_brings_its_volume_and_its_conditions(api: Any) -> None:
    lot = open_pool(minimum=700, maximum=900, category_code="edr")
    other = open_pool(minimum=500, maximum=None, category_code="edr")
    site, user = site_and_user()
    put(api, user, lot, site, 400)
    large = grappe_with(api, other, 3, 100, "Ailleurs")
    found = suppose(api, user, lot, site, merging_grappe_id=str(large.id), merging_lot_id=str(other.id)).get_json()
    assert (found["firm"], found["members"], found["is_met"]) == (700, 4, True)
    full = suppose(
        api, user, lot, site, quantity=601, merging_grappe_id=str(large.id), merging_lot_id=str(other.id)
    ).get_json()
    assert (full["code"], full["available"]) == ("lot_maximum_reached", 299)
    unlike = open_pool(category_code="soc", minimum=None)
    refused = suppose(api, user, lot, site, merging_grappe_id=str(large.id), merging_lot_id=str(unlike.id)).get_json()
    assert refused["code"] == "lots_not_alike"


def test_a_volume_behind_which_fewer_than_three_stand_is_not_told(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_scope="grappe")
    site, user = site_and_user()
    put(api, user, lot, site, 250)
    small = grappe_with(api, lot, 2, 100, "Petite")
    refused = suppose(api, user, lot, site, merging_grappe_id=str(small.id))
    nobody = suppose(api, user, lot, site, merging_grappe_id=str(lot.id))
    assert [each.get_json()["code"] for each in (refused, nobody)] == ["grappe_volume_not_shown"] * 2
    assert refused.get_json()["title"] == nobody.get_json()["title"]


def test_an_extension_keeps_the_firm_and_asks_the_others_again(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_policy=["extend", "release"], extension_days=10)
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    need(api, lot, 150, **asks(340))
    need(api, lot, 40, firmness="indicative")
    found = suppose(api, user, lot, site, extension="true").get_json()
    assert (found["firm"], found["conditional"], found["indicative"], found["members"]) == (200, 0, 0, 1)
    told = found["extension"]
    assert told["asked_again"] == {"needs": 2, "conditional": 150, "indicative": 40, "waitlisted": 0}
    assert (told["own"], told["until"]) == ("stays", (lot.needs_close_at + timedelta(days=10)).isoformat())
    assert told["if_confirmed"] == {
        "firm": 200, "conditional": 150, "missing": 150, "is_met": False, "conditions_open": False,
    }  # fmt: skip
    fewer = suppose(api, user, lot, site, quantity=150, firmness="conditional", extension="true").get_json()["extension"]
    assert (fewer["own"], fewer["asked_again"]["needs"], fewer["if_confirmed"]["conditions_open"]) == ("asked_again", 3, True)
    once = open_pool(minimum=500, minimum_policy=["release"])
    refused = suppose(api, user, once, site, quantity=5, extension="true").get_json()
    assert refused["code"] == "extension_not_planned"


def test_the_answer_costs_the_same_whatever_the_pool(api: Any, count_queries: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_scope="grappe")
    site, user = site_and_user()
    mine = grappe_of(site, site_and_user()[0])
    put(api, user, lot, site, 250, grappe_id=str(mine.id))
    large, counts = grappe_with(api, lot, 3, 90, "Grande"), []
    need(api, lot, 5, **asks(10**6))
    for _ in range(2):
        with count_queries() as statements:
            more = {"joining_quantity": 5, "leaving_quantity": 3, "merging_grappe_id": str(large.id), "extension": "true"}
            assert suppose(api, user, lot, site, **more).status_code == 200
        counts.append(len(statements))
        grappe_with(api, lot, 3, 10, "Autre")
        need(api, lot, 5, **asks(10**6))
    assert counts[0] == counts[1]


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")


def test_the_page_asks_about_others_without_script_and_says_why_not(api: Any, sign_in: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_policy=["extend", "release"])
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    stranger = need(api, lot, 150, **asks(340))
    browser, page = sign_in(user), f"/lots/{lot.id}/simulation"
    form = text_of(browser.get(page))
    assert "Un membre arrive" in form and str(stranger.id) not in form and "Tranche de prix" not in form
    both = text_of(browser.get(page, query_string={"joining_quantity": "1 50", "extension": "1"}))
    assert "Si tous confirment : 500 postes réunis, le minimum est atteint." in both
    assert "Votre besoin est ferme : il reste compté." in both and "Leurs conditions de volume tiendraient." in both
    refused = text_of(browser.get(page, query_string={"leaving_quantity": "999"}))
    assert "Impossible à simuler." in refused and "Les autres n'ont engagé que" in refused
    wrong = text_of(browser.get(page, query_string={"joining_quantity": "dix"}))
    assert 'id="joining_quantity-error"' in wrong


def test_grappes_are_offered_where_their_volume_is_told(api: Any, sign_in: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, code="L1")
    other = open_pool(minimum=500, maximum=None, code="L2")
    _, user = site_and_user()
    large = grappe_with(api, other, 3, 100, "Ailleurs")
    for name in ("Petite", "Petite aussi"):
        grappe_with(api, other, 2, 100, name)
    page = text_of(sign_in(user).get(f"/lots/{lot.id}/simulation"))
    assert f'value="{large.id}@{other.id}"' in page and "Ailleurs : 300, lot L2" in page and "Petite" not in page
    shown = sign_in(user).get(f"/lots/{lot.id}/simulation", query_string={"merging": f"{large.id}@{other.id}"})
    assert "Impossible" not in text_of(shown)
