"""The pages that look at everything: each audience its home, each reader its part, a constant number of queries."""
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.accounts.models import Organisation
from marketplace.platform import clock, mail
from marketplace.platform.permissions import SYSTEM
from tenders.demand.services import close_lot
from tests.factories.accounts import MembershipFactory, OrganisationFactory, operator, user_in
from tests.factories.catalog import CertificateFactory, ProviderFactory, person_of, published_offer
from tests.factories.demand import centre_user, clinic, need_on, open_pool, placed_on
from tests.factories.establishments import EstablishmentFactory, sites_of
from tests.factories.grappes import GrappeMembershipFactory, grappe_of

PRICES = [(1, Decimal("6.00")), (500, Decimal("5.00")), (2000, Decimal("4.10"))]


@pytest.fixture
def in_app(app, session):
    """Use cases need an application; each block is a context of its own, so that no sign-in leaks."""
    return app.app_context


def group_of(count: int):
    """A group with so many sites, and somebody who acts for it."""
    head = OrganisationFactory()
    return sites_of(head, count), user_in(head)


def text_of(answer) -> str:
    """What a page says, without tags and with plain spaces."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", answer.text, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", page).replace("&#39;", "'").replace("&nbsp;", " ")
    return re.sub(r"\s+", " ", words.replace("\u202f", " ").replace("\u00a0", " "))


def test_public_home_says_what_grappe_is_and_shows_open_lots_and_certified_providers(client, session):
    open_pool(title="Sauvegarde immuable fictive")
    CertificateFactory(provider_id=ProviderFactory(name="Prestataire fictif certifié").id)
    ProviderFactory(name="Prestataire fictif inconnu", verified_at=None)
    said = text_of(client.get("/"))
    assert "Comment ça marche" in said and "Sauvegarde immuable fictive" in said
    assert "Prestataire fictif certifié" in said and "ISO/IEC 27001" in said
    assert "Prestataire fictif inconnu" not in said


@pytest.mark.parametrize("path", ["/", "/achats", "/comment-ca-marche", "/accessibilite", "/connexion", "/api/docs"])
def test_public_pages_answer_nobody_in_both_languages_without_inline_style_or_script(client, session, path):
    for language in ("fr", "en"):
        answer = client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert f'<html lang="{language}">' in answer.text
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", answer.text)


def test_public_totals_are_masked_until_three_establishments_stand_behind_them(client, session, in_app):
    lot = open_pool(title="Lot discret", minimum=900)
    with in_app():
        for quantity in (300, 200):
            need_on(lot, quantity)
    assert "volume masqué" in text_of(client.get("/achats"))
    with in_app():
        need_on(lot, 250)
    assert "750 postes" in text_of(client.get("/achats"))


def test_lot_page_wants_somebody_signed_in_and_a_draft_is_seen_by_its_centre_alone(client, session, sign_in):
    lot = open_pool()
    answer = client.get(f"/lots/{lot.id}")
    assert answer.status_code == 302 and "/connexion" in answer.location
    draft = open_pool(opened_at=None, minimum_quantity=None, maximum_quantity=None, next_check_at=None)
    assert sign_in(user_in()).get(f"/lots/{draft.id}").status_code == 404
    assert sign_in(centre_user(draft)).get(f"/lots/{draft.id}").status_code == 200


def test_lot_page_says_the_fact_then_what_follows_then_what_is_mine(session, sign_in, in_app):
    lot = open_pool(title="SOC fictif", minimum=5000, maximum=8000)
    (site, second), user = group_of(2)
    with in_app():
        for quantity in (2000, 2200):
            need_on(lot, quantity)
    browser = sign_in(user)
    page = text_of(browser.get(f"/lots/{lot.id}"))
    assert "Il manque 800 postes pour atteindre le minimum de 5 000." in page
    assert "Si rien ne change le" in page and "prolongée une fois de 15 jours, puis les engagements seront libérés" in page
    assert "Aucun de vos sites n'a de besoin sur ce lot." in page
    assert site.name in page and second.name in page


def test_lot_page_shows_own_needs_and_the_yearly_cost_with_tax(session, sign_in, in_app, actor_for):
    lot = open_pool(minimum=5000)
    (site,), user = group_of(1)
    with in_app():
        placed_on(lot, site, actor_for(user), 100)
    page = text_of(sign_in(user).get(f"/lots/{lot.id}"))
    assert "Ferme" in page and "5 904 €" in page  # 100 × 4.10 × 12 × 1.20


def test_lot_page_after_a_missed_minimum_tells_each_establishment_why(session, sign_in, in_app, actor_for):
    lot = open_pool(minimum=5000, minimum_policy=["release"])
    (site,), user = group_of(1)
    with in_app():
        placed_on(lot, site, actor_for(user), 100)
    with clock.frozen_at(lot.needs_close_at + timedelta(minutes=1)):
        with in_app():
            close_lot(actor_for(centre_user(lot)), lot.id)
        browser = sign_in(user)
        page, home = text_of(browser.get(f"/lots/{lot.id}")), text_of(browser.get("/"))
    assert "Minimum non atteint : 100 postes sur 5 000" in page
    assert site.name in page and "vous n'êtes plus engagé et rien ne vous sera facturé" in page
    assert "Décisions récentes" in home and site.name in home


def test_a_lot_page_after_its_closing_draws_what_was_decided_on(session, sign_in, in_app):
    lot = open_pool(minimum=500, minimum_policy=["release"])
    with in_app():
        need_on(lot, 300)
        need_on(lot, 40, minimum_pool_quantity=100)
    with in_app(), clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    said = text_of(sign_in(user_in()).get(f"/lots/{lot.id}"))
    assert "340 postes réunis à la clôture par 2 établissements" in said
    assert "Fermes 300" in said and "Conditionnels 40" in said


def test_a_meter_says_the_minimum_of_each_grappe_and_what_they_lack(session, sign_in, in_app):
    lot = open_pool(minimum=50, minimum_scope="grappe")
    with in_app():
        need_on(lot, 30)
    page = sign_in(user_in()).get(f"/lots/{lot.id}")
    assert "aucun minimum" not in page.text and "Pas de minimum" not in page.text
    assert "Minimum : 50 postes par grappe. Il manque 20." in page.text
    assert "Les besoins sans grappe n'ont pas encore leur minimum de 50 postes." in text_of(page)


def test_a_minimum_reached_only_on_conditions_says_so(session, sign_in, in_app):
    lot = open_pool(minimum=500)
    with in_app():
        need_on(lot, 300)
        need_on(lot, 250, minimum_pool_quantity=600)
    said = text_of(sign_in(user_in()).get(f"/lots/{lot.id}"))
    assert "est atteint si les conditions de chacun tiennent : 550 engagés" in said
    assert "Atteint si les conditions tiennent" in said


def test_lots_of_the_same_title_are_told_apart(client, session, sign_in, in_app):
    lot = open_pool(title="EDR fictif")
    with in_app():
        site, _ = need_on(lot, 10)
    origin = f"{lot.code} · {lot.vehicle.name}"
    member = user_in(session.get(Organisation, site.organisation_id))
    for reader, path in ((client, "/"), (client, "/achats"), (sign_in(member), "/")):
        assert origin in text_of(reader.get(path))
    with clock.frozen_at(lot.needs_close_at - timedelta(days=3)):
        assert origin in text_of(sign_in(centre_user(lot)).get("/"))


def test_a_member_sees_who_can_answer_and_why_the_others_cannot(session, sign_in, in_app):
    lot = open_pool(minimum=5000, requirements={"certificates": ["iso27001"]})
    able, unable = ProviderFactory(name="Prestataire apte"), ProviderFactory(name="Prestataire sans certificat")
    CertificateFactory(provider_id=able.id, valid_until=clock.today() + timedelta(days=5 * 366))
    for provider in (able, unable):
        published_offer(PRICES, provider_id=provider.id)
    with in_app():
        site, _actor = need_on(lot, 600)
    user = user_in(session.get(Organisation, site.organisation_id))
    page = text_of(sign_in(user).get(f"/lots/{lot.id}"))
    assert "Ne peuvent pas répondre" in page and "Aucun certificat ISO/IEC 27001 déclaré." in page
    assert "Ce que ça change pour moi" in page or "Prestataire apte" in page


def test_a_provider_sees_its_own_row_and_nobody_elses(session, sign_in):
    lot = open_pool(minimum=5000, requirements={"certificates": ["iso27001"]})
    mine, rival = ProviderFactory(name="Prestataire moi"), ProviderFactory(name="Prestataire rival")
    for provider in (mine, rival):
        published_offer(PRICES, provider_id=provider.id)
    browser = sign_in(person_of(mine))
    page = text_of(browser.get(f"/lots/{lot.id}"))
    assert "Prestataire moi" in page and "Prestataire rival" not in page
    home = text_of(browser.get("/"))
    assert "Il vous manque une chose" in home and "Aucun certificat ISO/IEC 27001 déclaré." in home
    assert "Prestataire rival" not in home


def test_a_provider_sees_the_demand_by_region_masked_where_it_would_tell_who_asks(session, sign_in, in_app):
    lot = open_pool(minimum=5000)
    with in_app():
        for quantity in (400, 300, 330):
            need_on(lot, quantity)
        site, actor = clinic(region="11")
        placed_on(lot, site, actor, 77)
    home = text_of(sign_in(person_of(ProviderFactory())).get("/"))
    assert "masqué" in home
    assert " 77 " not in home and "1 030" not in home  # one masked region would be found by subtraction


def test_home_of_a_group_puts_first_what_waits_for_it(session, sign_in, in_app, actor_for):
    lot = open_pool(title="EDR fictif", minimum=5000)
    (site, invited), user = group_of(2)
    buyer = user_in(session.get(Organisation, site.organisation_id), roles=("buyer",))
    other = EstablishmentFactory()
    GrappeMembershipFactory(grappe_id=grappe_of(other, name="Grappe qui invite").id, establishment_id=invited.id)
    with in_app():
        placed_on(lot, site, actor_for(buyer), 120)
    home = text_of(sign_in(user).get("/"))
    assert "Signer 120 postes sur « EDR fictif »" in home
    assert "Répondre à l'invitation de « Grappe qui invite »" in home
    assert "Sites et lots" in home and "À signer" in home


def test_home_of_a_centre_lists_lots_about_to_close_by_distance_to_their_minimum(session, sign_in, in_app):
    near = open_pool(title="Lot presque là", minimum=100, needs_close_at=clock.now() + timedelta(days=3))
    far = open_pool(
        title="Lot loin", minimum=5000, needs_close_at=clock.now() + timedelta(days=4), vehicle_id=near.vehicle_id
    )
    with in_app():
        need_on(near, 90)
    home = text_of(sign_in(centre_user(near)).get("/"))
    listed = home[home.index("Lots qui clôturent sous 15 jours") :]
    assert listed.index(far.title) < listed.index(near.title)
    assert "Auvergne-Rhône-Alpes" in home and "+ 90 postes" in home


def test_operator_and_authority_have_honest_homes(session, sign_in):
    EstablishmentFactory(region="11")
    CertificateFactory(verified_at=None)
    assert "Vérifier 1 certificats déclarés" in text_of(sign_in(operator()).get("/"))
    home = text_of(sign_in(user_in(kind="authority", roles=("viewer",))).get("/"))
    assert "établissements privés" in home and "Île-de-France" in home
    assert "n'existent pas encore sur Grappe" in home


def test_somebody_of_two_kinds_goes_from_one_home_to_the_other(session, sign_in):
    user = user_in()
    provider = ProviderFactory()
    from_provider = session.get(Organisation, provider.organisation_id)
    MembershipFactory(user_id=user.id, organisation_id=from_provider.id)
    browser = sign_in(user)
    assert "espace prestataire" in text_of(browser.get("/"))
    assert "Demande par catégorie et par région" in text_of(browser.get("/?espace=provider"))
    assert "Demande par catégorie et par région" not in text_of(browser.get("/?espace=purchasing_centre"))


def test_mails_kept_instead_of_sent_can_be_read_in_the_demonstration(client, session, in_app):
    assert "Aucun courrier pour l'instant" in text_of(client.get("/demo/courrier"))
    with in_app():
        mail.send(to="Camille@exemple.test", subject="À signer", body="Lisez http://localhost/lots")
    said = client.get("/demo/courrier?adresse=camille@exemple.test")
    assert "À signer" in text_of(said) and '<a href="http://localhost/lots"' in said.text
    assert "À signer" not in text_of(client.get("/demo/courrier?adresse=autre@exemple.test"))


def queries_of(count_queries, browser, path: str) -> int:
    """How many statements a page sends."""
    with count_queries() as statements:
        assert browser.get(path).status_code == 200
    return len(statements)


def test_the_number_of_queries_does_not_grow_with_what_the_pages_show(
    session, sign_in, in_app, actor_for, count_queries, client
):
    lot = open_pool(minimum=5000, requirements={"certificates": ["iso27001"]})
    sites, user = group_of(2)
    provider = ProviderFactory()
    published_offer(PRICES, provider_id=provider.id)
    CertificateFactory(provider_id=provider.id)
    with in_app():
        placed_on(lot, sites[0], actor_for(user), 100)
        need_on(lot, 200)
    readers = {
        "care": (sign_in(user), ["/", "/achats", f"/lots/{lot.id}"]),
        "centre": (sign_in(centre_user(lot)), ["/", f"/lots/{lot.id}"]),
        "provider": (sign_in(person_of(provider)), ["/", f"/lots/{lot.id}"]),
        "authority": (sign_in(user_in(kind="authority", roles=("viewer",))), ["/"]),
        "operator": (sign_in(operator()), ["/"]),
        "public": (client, ["/", "/achats"]),
    }
    few = {(who, path): queries_of(count_queries, b, path) for who, (b, paths) in readers.items() for path in paths}
    for number in range(3):
        more = open_pool(title=f"Autre lot {number}", category_code="edr", vehicle_id=lot.vehicle_id)
        rival = ProviderFactory()
        published_offer(PRICES, provider_id=rival.id)
        CertificateFactory(provider_id=rival.id)
        with in_app():
            need_on(more, 50 + number)
            need_on(lot, 10)
    with in_app():
        placed_on(lot, sites[1], actor_for(user), 30)
    grappe_of(EstablishmentFactory(), EstablishmentFactory())
    many = {(who, path): queries_of(count_queries, b, path) for who, (b, paths) in readers.items() for path in paths}
    assert many == few
    assert max(many.values()) <= 24, many
