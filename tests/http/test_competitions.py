"""Mini-competitions over JSON and on their pages: each party its own sight, no sealed price anywhere before the deadline."""
import re
from datetime import timedelta

import pytest

from marketplace.accounts.models import User
from marketplace.platform import clock
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.services.closing import close_due
from tests.factories.competitions import CompetitionFrameworkFactory, answered, competing_lot, opened, past_deadline
from tests.http.test_languages import french_words_of
from tests.http.test_pages import text_of

QUALITY = "Délai d'intervention"
HERE = "/api/v1/competitions"


@pytest.fixture
def in_app(app, session):
    return app.app_context


@pytest.fixture
def people(session):
    """The user behind an actor."""
    return lambda actor: session.get_one(User, actor.user_id)


@pytest.fixture
def browser(people, sign_in):
    return lambda actor: sign_in(people(actor))


def request_of(shared, **facts) -> dict:
    site = shared.members[0][0]
    return {
        "establishment_id": str(site.id), "lot_id": str(shared.lot.id), "quantity": 100,
        "starts_on": (clock.today() + timedelta(days=30)).isoformat(),
        "closes_at": (clock.now() + timedelta(days=10)).isoformat(), **facts,
    }  # fmt: skip


def test_a_competition_from_its_framework_to_its_order_over_json(api, people, in_app, session):
    with in_app():
        shared = competing_lot(may_be_price_alone=False)
    buyer, centre = api(people(shared.members[0][1])), api(people(shared.centre))
    first, second = (api(people(each)) for each in shared.holders)
    framework = f"/api/v1/lots/{shared.lot.id}/competition-framework"
    assert buyer.get(framework).json == {"answer_days": 7, "least_price_percent": 100, "qualities": []}
    assert buyer.post(HERE, json=request_of(shared)).json["code"] == "price_alone_not_allowed"
    assert buyer.put(framework, json={"answer_days": 5}).status_code == 403
    body = {"answer_days": 5, "least_price_percent": 60, "qualities": [QUALITY]}
    assert centre.put(framework, json=body).json["qualities"] == [QUALITY]
    asked = {**request_of(shared), "qualities": [{"label": QUALITY, "weight": 40}], "remarks": "Le matin"}
    made = buyer.post(HERE, json=asked, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201 and made.json["status"] == "open" and made.json["is_sealed"] is True
    assert buyer.post(HERE, json=asked, headers={"Idempotency-Key": "k1"}).json["id"] == made.json["id"]
    here = f"{HERE}/{made.json['id']}"
    own = [f"{here}/offers/{each.id}" for each in shared.contracts]
    sent = first.put(own[0], json={"unit_price": "4.3217", "remarks": "Deux heures"})
    assert sent.json["items"][0]["unit_price"] == "4.3217" and len(sent.json["items"]) == 1
    assert first.put(own[0], json={"unit_price": "6.01"}).json["code"] == "offer_above_contract"
    assert first.put(own[1], json={"unit_price": "1"}).status_code == 404
    assert second.post(f"{own[1]}/refusal", json={"reason": "Complet"}).status_code == 200
    second.put(own[1], json={"unit_price": "5", "mobilisation": "36"})
    assert buyer.post(f"{here}/award", json={"contract_id": str(shared.contracts[0].id)}).json["code"] == "offers_still_sealed"
    with past_deadline(session.query(Competition).one()):
        buyer, second = api(people(shared.members[0][1])), api(people(shared.holders[1]))
        offers = buyer.get(f"{here}/offers").json
        assert "Notez d'abord toutes les offres" in offers["no_ranking"]
        given = [{"contract_id": each["contract_id"], "criterion": "quality_1", "score": "12.5", "reason": "Correct"}
                 for each in offers["items"]]  # fmt: skip
        ranked = buyer.put(f"{here}/scores", json={"scores": given}).json["items"]
        assert [each["position"] for each in ranked] == [1, 2] and ranked[0]["points"] == "85.00"
        assert ranked[1]["whole_price"] == "5.0103" and "Rang 2 sur 2" in ranked[1]["reason"]
        done = buyer.post(f"{here}/award", json={"contract_id": ranked[0]["contract_id"]})
        assert done.json["status"] == "awarded" and done.headers["ETag"]
        order = buyer.get(f"/api/v1/call-offs/{done.json['call_off_id']}").json
        assert order["unit_price"] == "4.3217" and "85 sur 100" in order["chosen_because"]
        lost = second.get(f"{here}/offers").json["items"]
        assert len(lost) == 1 and lost[0]["position"] == 2 and lost[0]["scores"][0]["reason"] == "Correct"


def test_no_answer_of_the_api_and_no_page_says_a_sealed_price(api, browser, people, in_app, session):
    with in_app():
        shared = competing_lot()
        competition = opened(shared)
        answered(shared, competition, 0, "4.3217", remarks="Remise exceptionnelle")
    readers = (shared.members[0][1], shared.centre, shared.holders[1])
    for reader in readers:
        client, page = api(people(reader)), browser(reader)
        json_paths = (HERE, f"{HERE}?status=open", f"{HERE}/{competition.id}", f"{HERE}/{competition.id}/offers",
                      "/api/v1/notifications")  # fmt: skip
        pages = ("/concurrences", f"/concurrences/{competition.id}", "/", "/notifications")
        answers = [client.get(path) for path in json_paths] + [page.get(path) for path in pages]
        assert {each.status_code for each in answers} == {200}
        for each in answers:
            said = each.get_data(as_text=True)
            assert not re.search(r"4[.,]32", said) and "exceptionnelle" not in said
        assert client.get(f"{HERE}/{competition.id}").json["version"] == 1, "no figure moves with an answer"
    assert "4,3217" in browser(shared.holders[0]).get(f"/concurrences/{competition.id}").text
    stranger = api(people(shared.members[1][1]))
    assert stranger.get(f"{HERE}/{competition.id}/offers").status_code == 404
    with past_deadline(competition):
        assert "4,3217" in browser(shared.centre).get(f"/concurrences/{competition.id}").text
        assert "4,3217" not in browser(shared.holders[1]).get(f"/concurrences/{competition.id}").text
        assert api(people(readers[0])).get(f"{HERE}?status=to_decide").json["items"][0]["is_sealed"] is False


def test_a_buyer_asks_follows_and_decides_on_its_pages(browser, in_app, session):
    with in_app():
        shared = competing_lot(may_be_price_alone=False)
        CompetitionFrameworkFactory(lot_id=shared.lot.id)
    site, actor = shared.members[0]
    page = browser(actor)
    assert "Mettre en concurrence" in text_of(page.get("/commandes"))
    form = f"/concurrences/nouvelle?site={site.id}&lot={shared.lot.id}"
    empty = text_of(page.get(form))
    assert shared.contracts[1].holder.name in empty and "7 jours pleins au moins" in empty and "50 % au moins" in empty
    closes_at = clock.paris(clock.now() + timedelta(days=10))
    body = {
        "site": site.id, "lot": shared.lot.id, "quantity": "1 00", "closes_at": f"{closes_at:%Y-%m-%dT%H:%M}",
        "starts_on": (closes_at + timedelta(days=9)).date().isoformat(), "weight_1": "40", "places": "Bâtiment B",
    }  # fmt: skip
    for name, wrong, said in (
        ("quantity", "beaucoup", "Commandez au moins une unité"), ("closes_at", "demain", "Donnez un jour et une heure"),
        ("closes_at", f"{clock.now():%Y-%m-%dT%H:%M}", "délai suffisant"), ("starts_on", "", "Donnez un jour de livraison"),
        ("weight_1", "51", "baissez les autres critères"), ("weight_1", "x", "nombre entier"),
        ("weight_1", "0", "pour seul critère"),
    ):  # fmt: skip
        refused = page.post("/concurrences/nouvelle", data={**body, name: wrong})
        assert refused.status_code == 422 and said in text_of(refused), name
    shown = page.post("/concurrences/nouvelle", data=body, follow_redirects=True)
    assert "Les titulaires sont consultés" in text_of(shown) and "reste secret jusqu'à la fin" in text_of(shown)
    competition = session.query(Competition).one()
    here = f"/concurrences/{competition.id}"
    assert "Bâtiment B" in text_of(page.get(here)) and "Attribuer à" not in text_of(page.get(here))
    with in_app():
        answered(shared, competition, 0, "4")
        answered(shared, competition, 1, "5")
    first, second = (each.id for each in shared.contracts)
    with past_deadline(competition):
        page = browser(actor)
        assert "Pas encore de classement" in text_of(page.get(here))
        assert "attribuer la commande" in text_of(page.get("/"))
        missing = page.post(f"{here}/notes", data={f"score-{first}-quality_1": "vingt"})
        assert missing.status_code == 422 and "Écrivez une note de 0 à 20" in text_of(missing)
        scores = {f"score-{first}-quality_1": "10", f"reason-{first}-quality_1": "Un jour",
                  f"score-{second}-quality_1": "18,5", f"reason-{second}-quality_1": "Deux heures"}  # fmt: skip
        unexplained = page.post(f"{here}/notes", data={**scores, f"reason-{first}-quality_1": ""}, follow_redirects=True)
        assert "Écrivez pourquoi cette note" in text_of(unexplained)
        ranked = text_of(page.post(f"{here}/notes", data=scores, follow_redirects=True))
        assert f"Attribuer à {shared.contracts[1].holder.name}" in ranked and "85" in ranked and "Deux heures" in ranked
        wrong = page.post(f"{here}/attribution", data={"contract": first}, follow_redirects=True)
        assert "relisez le classement" in text_of(wrong)
        assert page.post(f"{here}/attribution", data={"contract": "x"}).status_code == 404
        done = text_of(page.post(f"{here}/attribution", data={"contract": second, "note": "Conforme"}, follow_redirects=True))
        assert "La commande est passée" in done and "Note de l'acheteur : Conforme" in done and "Voir la commande" in done
        lost = text_of(browser(shared.holders[0]).get(here))
        assert "80 points sur 100, contre 85" in lost and "10 sur 20, Un jour" in lost and "Voir la commande" not in lost
        assert "Voir la commande" in text_of(browser(shared.holders[1]).get(here))
        assert "Attribuée" in text_of(browser(shared.centre).get("/concurrences"))


def test_a_holder_answers_changes_and_declines_from_its_page(browser, in_app, session):
    with in_app():
        shared = competing_lot()
        competition = opened(shared)
    page, here = browser(shared.holders[0]), f"/concurrences/{competition.id}"
    offer = f"{here}/offres/{shared.contracts[0].id}"
    assert "Donner votre prix pour 100 postes" in text_of(page.get("/"))
    assert "Mises en concurrence" in text_of(page.get("/carnet-de-commandes"))
    assert "MC-" in text_of(page.get("/concurrences"))
    assert "6,00 € HT par mois au plus" in text_of(page.get(here))
    for data, said in (({"unit_price": "cher"}, "Écrivez un prix"), ({"unit_price": "6,01"}, "Baissez votre prix"),
                       ({"unit_price": "5", "mobilisation": "x"}, "Écrivez un montant")):  # fmt: skip
        refused = page.post(offer, data=data)
        assert refused.status_code == 422 and said in text_of(refused)
    sent = page.post(offer, data={"unit_price": "5,1234", "mobilisation": "36,00", "remarks": "x"}, follow_redirects=True)
    assert "Votre offre est enregistrée" in text_of(sent) and "Changer mon offre" in text_of(sent)
    assert 'value="5,1234"' in sent.text and 'value="36"' in sent.text
    assert page.post(f"{offer}/refus", data={"reason": ""}).status_code == 422
    assert "Vous avez décliné" in text_of(page.post(f"{offer}/refus", data={"reason": "Complet"}, follow_redirects=True))
    other = browser(shared.holders[1])
    assert other.post(offer, data={"unit_price": "5"}).status_code == 404
    with past_deadline(competition):
        page = browser(shared.holders[0])
        late = page.post(offer, data={"unit_price": "5"}, follow_redirects=True)
        assert "il est trop tard" in text_of(late) and "Donner un prix" not in text_of(late)
    assert session.query(CompetitionOffer).filter_by(contract_id=shared.contracts[0].id).one().unit_price is None


def test_a_competition_without_a_price_is_opened_again_and_another_is_given_up(browser, in_app, session):
    with in_app():
        shared = competing_lot()
        competition = opened(shared)
        given_up = opened(shared)
    page, here = browser(shared.members[0][1]), f"/concurrences/{competition.id}"
    assert page.post(f"/concurrences/{given_up.id}/annulation", data={"reason": ""}).status_code == 422
    done = page.post(f"/concurrences/{given_up.id}/annulation", data={"reason": "Reporté"}, follow_redirects=True)
    assert "Raison : Reporté" in text_of(done) and "ne sont jamais lues" in text_of(done)
    with past_deadline(competition):
        with in_app():
            assert close_due(clock.now()) == 1
        page = browser(shared.members[0][1])
        assert "personne n'a donné de prix" in text_of(page.get("/"))
        assert "consultés 2, refus 0" in text_of(page.get(here))
        assert page.post(f"{here}/reouverture", data={"closes_at": "bientôt"}).status_code == 422
        short = f"{clock.paris(clock.now() + timedelta(days=1)):%Y-%m-%dT%H:%M}"
        assert page.post(f"{here}/reouverture", data={"closes_at": short}).status_code == 422
        enough = f"{clock.paris(clock.now() + timedelta(days=8)):%Y-%m-%dT%H:%M}"
        again = page.post(f"{here}/reouverture", data={"closes_at": enough}, follow_redirects=True)
        assert "consultés à nouveau" in text_of(again)


def test_the_centre_reads_and_writes_the_framework_of_its_lot(browser, in_app):
    with in_app():
        shared = competing_lot()
    centre, path = browser(shared.centre), f"/concurrences/cadre/{shared.lot.id}"
    assert "Cadre des mises en concurrence" in text_of(centre.get(f"/contrats/{shared.contracts[0].id}"))
    body = {"answer_days": "3", "least_price_percent": "60", "qualities": f"{QUALITY}\r\nRéversibilité"}
    assert centre.post(path, data={**body, "answer_days": "0"}).status_code == 422
    assert centre.post(path, data={**body, "qualities": "a\na"}).status_code == 422
    saved = text_of(centre.post(path, data=body, follow_redirects=True))
    assert "Le cadre est enregistré" in saved and "Réversibilité" in saved
    member = browser(shared.members[0][1])
    assert "Changer le cadre" not in text_of(member.get(path)) and member.post(path, data=body).status_code == 403
    with in_app():
        opened(shared)
    assert "ce cadre ne change plus" in text_of(centre.get(path))
    assert "ne changent plus" in text_of(centre.post(path, data=body, follow_redirects=True))


def test_who_is_no_party_finds_nothing(browser, in_app, sign_in):
    with in_app():
        shared, other = competing_lot(), competing_lot()
        competition = opened(shared)
    stranger, site = browser(other.members[0][1]), shared.members[0][0]
    assert stranger.get(f"/concurrences/{competition.id}").status_code == 404
    assert stranger.get(f"/concurrences/nouvelle?site={site.id}&lot={shared.lot.id}").status_code == 404
    assert stranger.get("/concurrences/nouvelle").status_code == 404
    own = other.members[0][0]
    assert stranger.get(f"/concurrences/nouvelle?site={own.id}&lot={shared.lot.id}").status_code == 404
    assert browser(other.holders[0]).get(f"/concurrences/{competition.id}").status_code == 404
    assert browser(other.centre).get(f"/concurrences/{competition.id}").status_code == 404
    assert "Aucune demande de prix reçue" in text_of(browser(other.holders[0]).get("/concurrences"))
    assert "Aucune mise en concurrence sur vos marchés" in text_of(browser(other.centre).get("/concurrences"))


def test_when_no_holder_can_be_asked_the_form_says_why(browser, in_app, session):
    with in_app():
        shared = competing_lot()
        for contract in shared.contracts:
            contract.suspended_from, contract.suspension_reason = clock.today(), "Reprise en cours"
        session.commit()
    form = f"/concurrences/nouvelle?site={shared.members[0][0].id}&lot={shared.lot.id}"
    shown = text_of(browser(shared.members[0][1]).get(form))
    assert "Personne à consulter aujourd'hui" in shown and "Reprise en cours" in shown


def test_lists_and_homes_cost_the_same_with_many_competitions(api, people, browser, in_app, count_queries):
    with in_app():
        shared = competing_lot()
        first = opened(shared)
    actors = (shared.members[0][1], shared.holders[0], shared.centre)
    reads = [(api(people(each)), HERE) for each in actors] + [(browser(each), "/concurrences") for each in actors]
    reads += [(browser(each), "/") for each in actors[:2]]
    reads += [(browser(each), f"/concurrences/{first.id}") for each in actors]

    def statements() -> list[int]:
        counts = []
        for client, path in reads:
            with count_queries() as sent:
                assert client.get(path).status_code == 200
            counts.append(len(sent))
        return counts

    statements()
    few = statements()
    with in_app():
        for _ in range(6):
            opened(shared)
    assert statements() == few
    assert len(reads[0][0].get(HERE).json["items"]) == 7


def test_a_page_costs_the_same_for_many_holders(browser, in_app, count_queries):
    with in_app():
        two, four = competing_lot((60, 40)), competing_lot((25, 25, 25, 25))
        few, many = opened(two), opened(four)
        for shared, competition in ((two, few), (four, many)):
            for place in range(len(shared.contracts)):
                answered(shared, competition, place, "5")

    def statements(shared, competition) -> int:
        page = browser(shared.members[0][1])
        page.get(f"/concurrences/{competition.id}")
        with count_queries() as sent:
            assert "Attribuer à" in page.get(f"/concurrences/{competition.id}").text
        return len(sent)

    with past_deadline(many):
        assert statements(two, few) == statements(four, many)


def test_english_pages_of_competitions_have_no_french_word(browser, in_app, session):
    with in_app():
        shared = competing_lot(title="Endpoints")
        shared.lot.title = "Endpoints"
        session.commit()
        competition, cancelled = opened(shared), opened(shared)
        answered(shared, competition, 0, "5")
    site, here = shared.members[0][0], f"/concurrences/{competition.id}"
    browser(shared.members[0][1]).post(f"/concurrences/{cancelled.id}/annulation", data={"reason": "Postponed"})
    form = f"/concurrences/nouvelle?site={site.id}&lot={shared.lot.id}"

    def look() -> None:
        member, holder, centre = (browser(each) for each in (shared.members[0][1], shared.holders[0], shared.centre))
        paths = [(member, form), (member, here), (holder, here), (centre, here), (member, "/concurrences"),
                 (holder, "/concurrences"), (centre, f"/concurrences/cadre/{shared.lot.id}"), (member, "/commandes"),
                 (holder, "/"), (centre, "/execution"), (holder, "/carnet-de-commandes"), (member, "/"),
                 (member, f"/concurrences/{cancelled.id}")]  # fmt: skip
        for reader, path in paths:
            page = reader.get(path + ("&" if "?" in path else "?") + "lang=en")
            assert page.status_code == 200 and not french_words_of(re.sub(r"lang=\w+", "", page.text)), path

    look()
    with past_deadline(competition):
        look()
        browser(shared.members[0][1]).post(f"{here}/attribution", data={"contract": shared.contracts[0].id})
        look()
