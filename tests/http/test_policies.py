"""Votes on mergers and closings taken back, by API and by page: who may, what is shown, what is refused."""
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from tenders.vehicles.models import Lot
from tests.factories.accounts import user_in
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import grappe_of, site_and_user


def text_of(answer: Any) -> str:
    return answer.get_data(as_text=True).replace("\u202f", " ").replace("\u00a0", " ").replace("&#39;", "'")


def placed(api: Any, lot: Lot, quantity: int, grappe: Any = None, people: Any = None) -> Any:
    site, user = people or site_and_user()
    body = {"quantity": quantity, "firmness": "firm", "grappe_id": str(grappe.id) if grappe else None}
    assert api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=body).status_code == 201
    return site, user


@pytest.fixture
def short(api: Any) -> dict[str, Any]:
    """A lot that missed its minimum: a grappe of two and a site alone; `lots` are those that could take them over."""
    lot = open_pool(minimum=500, minimum_policy=["merge", "release"], title="EDR court")
    members = [site_and_user(), site_and_user()]
    grappe = grappe_of(members[0][0], members[1][0], name="Grappe du vote")
    for each in members:
        placed(api, lot, 100, grappe, each)
    alone = placed(api, lot, 40)
    return {"lot": lot, "members": members, "alone": alone, "grappe": grappe, "centre": centre_user(lot)}


def target(lot: Lot, **columns: Any) -> Lot:
    facts = {"minimum": None, "needs_close_at": lot.needs_close_at + timedelta(days=90), "title": "EDR large", **columns}
    return open_pool(vehicle_id=lot.vehicle_id, **{"code": "B", **facts})


def after_closing(api: Any, short: dict[str, Any]) -> Any:
    """The lot's date came and it was closed; a clock an hour later."""
    lot = short["lot"]
    with clock.frozen_at(lot.needs_close_at):
        assert api(short["centre"]).post(f"/api/v1/lots/{lot.id}/closing", json={}).status_code == 201
    return clock.frozen_at(lot.needs_close_at + timedelta(hours=1))


def test_members_read_and_cast_their_vote(short: dict[str, Any], api: Any) -> None:
    lot, (site, user) = short["lot"], short["members"][0]
    other = target(lot)
    address = f"/api/v1/lots/{lot.id}/merger"
    with after_closing(api, short):
        read = api(user).get(address).json
        assert (read["scope"], read["target"]["lot_id"], read["outcome"], read["targets"]) == ("lot", str(other.id), None, [])
        assert [(body["name"], body["voters"], body["result"]) for body in read["bodies"]] == [
            ("Grappe du vote", 2, "no_quorum")
        ], "a member sees its own body only"
        cast = api(user).put(f"{address}/votes/{site.id}", json={"choice": "yes"})
        assert (cast.status_code, cast.json["votes"][0]["choice"], cast.json["bodies"][0]["yes"]) == (200, "yes", 1)
        assert api(user).put(f"{address}/votes/{site.id}", json={"choice": "perhaps"}).status_code == 422
        seen = api(short["centre"]).get(address).json
        assert {body["name"] for body in seen["bodies"]} == {"Grappe du vote", None}
        assert api(site_and_user()[1]).get(address).status_code == 404
        assert api(short["alone"][1]).put(f"{address}/votes/{site.id}", json={"choice": "no"}).status_code == 403


def test_the_centre_chooses_between_several_lots(short: dict[str, Any], api: Any, sign_in: Any) -> None:
    lot = short["lot"]
    first, second = target(lot), target(lot, code="C", title="EDR autre")
    address = f"/api/v1/lots/{lot.id}/merger"
    with after_closing(api, short):
        read = api(short["centre"]).get(address).json
        assert {each["lot_id"] for each in read["targets"]} == {str(first.id), str(second.id)}
        waiting = api(short["alone"][1]).get(address)
        assert (waiting.status_code, waiting.json["votes"]) == (200, []), "who counts may read that a vote is coming"
        centre = sign_in(short["centre"])
        assert "Choisir où réunir les besoins de" in text_of(centre.get("/"))
        page = centre.get(f"/lots/{lot.id}/reunion")
        assert "EDR autre" in text_of(page)
        nothing = centre.post(f"/lots/{lot.id}/reunion/cible", data={"target": "lot:unknown"}, follow_redirects=True)
        assert "choisissez un regroupement de la liste" in text_of(nothing)
        done = centre.post(f"/lots/{lot.id}/reunion/cible", data={"target": f"lot:{second.id}"}, follow_redirects=True)
        assert "Le vote est ouvert" in text_of(done)
        again = api(short["centre"]).post(f"{address}/target", json={"target_lot_id": str(first.id)})
        assert (again.status_code, again.json["code"]) == (409, "merger_target_chosen")
        assert api(short["alone"][1]).post(f"{address}/target", json={"target_lot_id": str(first.id)}).status_code == 403


def test_the_page_of_a_vote_says_what_follows_and_until_when(
    short: dict[str, Any], session: Session, api: Any, sign_in: Any
) -> None:
    lot, (site, user) = short["lot"], short["alone"]
    target(lot)
    with after_closing(api, short):
        browser = sign_in(user)
        assert "Voter :" in text_of(browser.get("/"))
        page = text_of(browser.get(f"/lots/{lot.id}/reunion"))
        for said in (
            "240 postes réunis pour un minimum de 500.", "Rejoindre B · EDR large", "Si le non l'emporte", "Fin du vote",
        ):  # fmt: skip
            assert said in page
        vote = f"/lots/{lot.id}/reunion/vote/{site.id}"
        assert "choisissez oui ou non" in text_of(browser.post(vote, data={}, follow_redirects=True))
        assert "Votre vote est enregistré" in text_of(browser.post(vote, data={"choice": "no"}, follow_redirects=True))
        assert "Changer mon vote" in text_of(browser.get(f"/lots/{lot.id}/reunion"))
        viewer = sign_in(user_in(session.get_one(Organisation, site.organisation_id), ("viewer",)))
        assert "Seul un administrateur ou un signataire" in text_of(viewer.get(f"/lots/{lot.id}/reunion"))
        assert sign_in(site_and_user()[1]).get(f"/lots/{lot.id}/reunion").status_code == 404
    late = lot.needs_close_at + timedelta(days=11)
    with clock.frozen_at(late):
        closed = sign_in(user).post(vote, data={"choice": "yes"}, follow_redirects=True)
        assert "Le vote est terminé" in text_of(closed)


def test_a_closing_is_taken_back_by_api(short: dict[str, Any], api: Any, session: Session) -> None:
    lot, centre = short["lot"], short["centre"]
    address = f"/api/v1/lots/{lot.id}/closing/undoing"
    until = lot.needs_close_at + timedelta(days=7)
    with after_closing(api, short):
        assert api(short["alone"][1]).post(address, json={"reason": "non"}).status_code == 403
        assert api(centre).post(address, json={}).status_code == 422
        past = api(centre).post(address, json={"reason": "erreur"})
        assert (past.status_code, list(past.json["errors"])) == (422, ["needs_close_at"])
        done = api(centre).post(address, json={"reason": "erreur", "needs_close_at": until.isoformat()})
        assert (done.status_code, done.json["undo_reason"]) == (200, "erreur")
        again = api(centre).post(address, json={"reason": "erreur"})
        assert (again.status_code, again.json["code"]) == (409, "nothing_to_undo")
        pool = api(centre).get(f"/api/v1/lots/{lot.id}/pool").json
        assert (pool["status"], pool["round"], pool["firm"]) == ("open", 2, 240)


def test_the_page_says_what_taking_back_does_and_the_decision_stays_readable(
    short: dict[str, Any], api: Any, sign_in: Any
) -> None:
    lot = short["lot"]
    until = clock.paris(lot.needs_close_at + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    with after_closing(api, short):
        browser = sign_in(short["centre"])
        assert "Annuler cette clôture" in text_of(browser.get(f"/lots/{lot.id}/decision"))
        page = f"/lots/{lot.id}/cloture/annulation"
        assert "reprend l'état qu'il avait" in text_of(browser.get(page))
        empty = browser.post(page, data={"reason": "", "needs_close_at": until})
        assert empty.status_code == 422
        past = browser.post(page, data={"reason": "erreur", "needs_close_at": "2020-01-01T10:00"})
        assert "Donnez une date de clôture à venir" in text_of(past)
        assert browser.post(page, data={"reason": "Trop tôt.", "needs_close_at": until}).status_code == 302
        decision = text_of(browser.get(f"/lots/{lot.id}/decision"))
        assert "Cette clôture a été annulée" in decision and "Trop tôt." in decision
        assert "Il n'y a pas de clôture à annuler" in text_of(browser.get(page))
        assert sign_in(short["alone"][1]).get(page).status_code == 403
