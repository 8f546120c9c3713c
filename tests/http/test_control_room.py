"""The control room: a centre's own lots in order, drilled to grappe and site, exported, reminded, and never slower."""
import csv
import io
import re
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from marketplace.platform.errors import Conflict, RuleBroken
from marketplace.platform.permissions import SYSTEM
from tenders.dashboard.control_room import services
from tenders.demand.services import close_lot
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.demand import clinic, need_on, open_pool, placed_on, vehicle_of
from tests.factories.grappes import grappe_of
from tests.http.test_pages import text_of

ROOM = "/centre/salle"


@pytest.fixture
def in_app(app, session):
    return app.app_context


def centre_with(lots: int, **columns):
    """A centre's user and so many open lots on one vehicle."""
    centre = OrganisationFactory(kind="purchasing_centre")
    vehicle = vehicle_of(centre, name="Marché fictif de la salle", opened_at=clock.now())
    pools = [open_pool(vehicle_id=vehicle.id, title=f"Lot fictif {n}", **columns) for n in range(lots)]
    return user_in(centre, ("admin", "buyer")), pools


def told(session, template):
    rows = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = :name"), {"name": template})
    return list(rows)


def test_the_room_shows_every_own_lot_and_none_of_another_centre(session, sign_in, in_app):
    user, (lot, _other) = centre_with(2, minimum=500)
    foreign = open_pool(title="Lot d'une autre centrale")
    with in_app():
        site, actor = clinic(region="84", size_band="50_249", sector="private_for_profit")
        placed_on(lot, site, actor, 120)
    page = text_of(sign_in(user).get(ROOM))
    assert "Lot fictif 0" in page and "Lot fictif 1" in page and foreign.title not in page
    assert "380 postes" in page  # what the first lot lacks
    assert "De 50 à 249 personnes" in page and site.name in page
    assert "+ 120 postes" in page


def test_only_a_purchasing_centre_enters_and_only_on_its_own_lots(session, sign_in):
    user, (lot,) = centre_with(1)
    assert sign_in(user_in()).get(ROOM).status_code == 403
    stranger = sign_in(user_in(OrganisationFactory(kind="purchasing_centre")))
    for path in ("", "/etablissements.csv"):
        assert stranger.get(f"{ROOM}/lots/{lot.id}{path}").status_code == 404
        assert sign_in(user).get(f"{ROOM}/lots/{lot.id}{path}").status_code == 200
    assert stranger.post(f"{ROOM}/lots/{lot.id}/relance").status_code == 403
    assert sign_in(user).get(f"{ROOM}/lots.pdf").status_code == 404


def test_filters_and_the_sort_by_distance(session, sign_in, in_app):
    user, (near, far) = centre_with(2, minimum=500)
    with in_app():
        need_on(near, 499)
    browser = sign_in(user)
    page = text_of(browser.get(f"{ROOM}?sort=distance"))
    assert page.rindex("Lot fictif 1 Marché") < page.rindex("Lot fictif 0 Marché")
    with in_app():
        need_on(near, 1)
    met = text_of(browser.get(f"{ROOM}?met=met&status=all"))
    assert "Lot fictif 0 Marché" in met and "Lot fictif 1 Marché" not in met
    assert "Aucun lot ne correspond" in text_of(browser.get(f"{ROOM}?category=soc"))
    assert "Aucun lot ne correspond" in text_of(browser.get(f"{ROOM}?status=closed"))
    assert far.title in text_of(browser.get(f"{ROOM}?vehicle={far.vehicle_id}&met=short"))
    assert browser.get(f"{ROOM}?vehicle=x&met=x&sort=x&status=x").status_code == 200


def test_a_lot_is_drilled_to_its_grappes_and_sites_with_its_ledger(session, sign_in, in_app):
    user, (lot,) = centre_with(1, minimum=100, maximum=1000)
    site, actor = clinic()
    other, other_actor = clinic()
    grappe = grappe_of(site, categories=("edr",))
    with in_app():
        placed_on(lot, site, actor, 120, grappe_id=grappe.id)
        placed_on(lot, other, other_actor, 80)
    with clock.frozen_at(lot.needs_close_at), in_app():
        close_lot(SYSTEM, lot.id)
    browser = sign_in(user)
    page = text_of(browser.get(f"{ROOM}/lots/{lot.id}"))
    assert "Reste sous le maximum 800 postes" in page and "clôture du recueil +200" in page
    assert "Pas de prévision : il faut 3 écritures" in page
    assert grappe.name in page and other.name in page
    within = text_of(browser.get(f"{ROOM}/lots/{lot.id}?grappe={grappe.id}"))
    assert site.name in within and other.name not in within
    answer = browser.post(f"{ROOM}/lots/{lot.id}/enveloppe", data={"quantity": "−20", "note": "Double saisie"})
    assert answer.status_code == 302
    assert "Double saisie" in text_of(browser.get(f"{ROOM}/lots/{lot.id}"))
    wrong = browser.post(f"{ROOM}/lots/{lot.id}/enveloppe", data={"quantity": "x", "note": ""})
    assert wrong.status_code == 422 and "Donnez une quantité" in text_of(wrong)


def test_exports_carry_the_same_lots_and_no_formula(session, sign_in, in_app):
    user, (lot,) = centre_with(1, minimum=500)
    lot.title = "=cmd()"
    session.commit()
    with in_app():
        site, actor = clinic(name="+Clinique fictive")
        placed_on(lot, site, actor, 120)
    browser = sign_in(user)
    rows = list(csv.reader(io.StringIO(browser.get(f"{ROOM}/lots.csv").data.decode("utf-8-sig")), delimiter=";"))
    assert rows[1][2] == "'=cmd()" and rows[1][6] == "120"
    answer = browser.get(f"{ROOM}/lots.xlsx")
    assert "attachment" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert [sheet["C2"].value, sheet["C2"].data_type, sheet["G2"].value] == ["'=cmd()", "s", 120]
    sites = browser.get(f"{ROOM}/lots/{lot.id}/etablissements.csv").data.decode("utf-8-sig")
    assert "'+Clinique fictive" in sites


def test_a_reminder_reaches_those_concerned_once_a_day(session, sign_in, in_app, actor_for):
    user, (lot,) = centre_with(1)
    done, unfinished, missing = clinic(), clinic(), clinic()
    grappe_of(done[0], missing[0], categories=("edr",))
    with in_app():
        placed_on(lot, *done, 10)
        placed_on(lot, *unfinished, 10, firmness="indicative")
    browser = sign_in(user)
    assert "2 établissements sont relancés" in text_of(browser.post(f"{ROOM}/lots/{lot.id}/relance", follow_redirects=True))
    assert [row["establishment_ids"] for row in told(session, "lot_reminder_unfinished")] == [[str(unfinished[0].id)]]
    assert [row["establishment_ids"] for row in told(session, "lot_reminder_missing")] == [[str(missing[0].id)]]
    assert "déjà été relancés" in text_of(browser.post(f"{ROOM}/lots/{lot.id}/relance", follow_redirects=True))
    with in_app():
        with pytest.raises(Conflict) as again:
            services.remind_lot(actor_for(user), lot.id)
        assert again.value.code == "lot_reminded_today"
        with clock.frozen_at(clock.now() + timedelta(days=1)):
            assert services.remind_lot(actor_for(user), lot.id) == 2


def test_nobody_is_reminded_of_nothing(session, in_app, actor_for):
    user, (lot,) = centre_with(1)
    with in_app():
        with pytest.raises(RuleBroken) as nobody:
            services.remind_lot(actor_for(user), lot.id)
        assert nobody.value.code == "nobody_to_remind"
        with clock.frozen_at(lot.needs_close_at), pytest.raises(RuleBroken) as late:
            services.remind_lot(actor_for(user), lot.id)
        assert late.value.code == "lot_takes_no_needs"


def test_each_centre_hears_of_its_week_once(session, in_app):
    _user, (lot, _other) = centre_with(2, minimum=500, needs_close_at=clock.now() + timedelta(days=40))
    monday = clock.now() + timedelta(days=7 - clock.now().weekday())
    with in_app(), clock.frozen_at(monday.replace(hour=9)):
        need_on(lot, 500)
        assert services.send_summaries(clock.now()) == 1
        assert services.send_summaries(clock.now()) == 0
        assert services.send_summaries(clock.now() + timedelta(days=7)) == 1
    first = told(session, "centre_week")[0]
    assert [first["values"][name] for name in ("open", "closing", "short", "needs")] == [2, 0, 1, 1]


def test_the_room_asks_as_many_statements_for_many_as_for_few(session, sign_in, in_app, count_queries):
    user, pools = centre_with(1)
    browser = sign_in(user)
    with in_app():
        need_on(pools[0], 30)
    browser.get(ROOM)
    with count_queries() as few:
        browser.get(ROOM)
    vehicle_id = pools[0].vehicle_id
    site, actor = clinic()
    grappe = grappe_of(site, categories=("edr", "soc"))
    with in_app():
        for n in range(6):
            more = open_pool(vehicle_id=vehicle_id, title=f"Encore {n}")
            need_on(more, 40)
            if n == 0:
                placed_on(more, site, actor, 20, grappe_id=grappe.id)
    with count_queries() as many:
        browser.get(ROOM)
    assert len(many) == len(few) <= 10, "\n".join(many)


def test_the_calendar_is_private_replaceable_and_revocable(session, client, sign_in, in_app):
    lot = open_pool(title="EDR, fictif")
    with in_app():
        site, _actor = need_on(lot, 10)
    browser = sign_in(user_in(session.get(Organisation, site.organisation_id)))
    first = re.search(r"/calendrier/([\w-]+)\.ics", browser.post("/calendrier").text)[0]
    feed = client.get(first)
    assert feed.content_type == "text/calendar; charset=utf-8"
    assert "SUMMARY:Clôture du recueil : EDR\\, fictif" in feed.text
    assert "EDR" in text_of(browser.get("/calendrier"))
    second = re.search(r"/calendrier/([\w-]+)\.ics", browser.post("/calendrier").text)[0]
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    browser.post("/calendrier/revocation")
    assert client.get(second).status_code == 404


def test_a_calendar_holds_only_what_concerns_its_owner(session, client, sign_in):
    user, (lot,) = centre_with(1)
    foreign = open_pool(title="Lot d'ailleurs")
    address = re.search(r"/calendrier/([\w-]+)\.ics", sign_in(user).post("/calendrier").text)[0]
    feed = client.get(address).text.replace("\r\n ", "")
    assert f"lot-{lot.id}-1@grappe" in feed and str(foreign.id) not in feed
    assert f"/centre/salle/lots/{lot.id}" in feed
