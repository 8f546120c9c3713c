"""The pages of orders: each act where it is possible, each refusal with its reason, other parties' pages closed."""
import re
from decimal import Decimal

import pytest

from marketplace.accounts.models import User
from marketplace.platform.permissions import SYSTEM
from tenders.contracts.models import ContractMember
from tenders.contracts.ordering.models import CallOff, CartLine, CommitmentTransfer
from tenders.contracts.ordering.services.approving import set_limits
from tenders.contracts.ordering.services.transferring import offer_transfer
from tests.factories.accounts import MembershipFactory, OrganisationFactory, user_in
from tests.factories.contracts import active_contract
from tests.factories.ordering import colleague, order, shared_lot
from tests.http.test_languages import french_words_of
from tests.http.test_pages import text_of


@pytest.fixture
def in_app(app, session):
    """Use cases need an application; each block is a context of its own, so that no sign-in leaks."""
    return app.app_context


@pytest.fixture
def browser(session, sign_in):
    """A browser signed in as the user behind an actor."""
    return lambda actor: sign_in(session.get_one(User, actor.user_id))


def only(session, model):
    """The one row of a table, as it is now."""
    session.expire_all()
    (row,) = session.query(model)
    return row


def test_a_member_adds_to_its_cart_changes_it_and_orders(session, browser, in_app):
    with in_app():
        running = active_contract()
    site, actor = running.members[0]
    page = browser(actor)
    desk = text_of(page.get("/commandes"))
    assert "600 postes" in desk and "5,00 € HT par mois" in desk and "Panier vide" in desk
    add = {"site": site.id, "lot": running.lot.id, "quantity": "1 00"}
    assert "dans votre panier" in text_of(page.post("/commandes/panier", data=add, follow_redirects=True))
    change = {**add, "quantity": "40", "starts_on": "", "purchase_order_reference": "BC-9", "note": ""}
    shown = text_of(page.post("/commandes/panier", data=change, follow_redirects=True))
    assert "bon de commande BC-9" in shown and "8 640 € TTC (7 200 € HT)" in shown and "pas de plafond" in shown
    ordering, keyed = f"/commandes/panier/{site.organisation_id}/commande", {"idempotency_key": "k1"}
    placed = page.post(ordering, data=keyed, follow_redirects=True)
    assert "1 commande est passée. Le titulaire est prévenu." in text_of(placed)
    assert only(session, CallOff).status == "sent"
    again = page.post(ordering, data=keyed, follow_redirects=True)
    assert again.status_code == 200 and only(session, CallOff)


@pytest.mark.parametrize(("unit_price", "said"), [("5.0341", "6,04 € TTC"), ("0.0301", "0,0361 € TTC")])
def test_the_desk_says_prices_with_vat_in_cents_and_finer_only_below_one_euro(session, browser, in_app, unit_price, said):
    with in_app():
        running = active_contract()
        for member in session.query(ContractMember):
            member.unit_price = Decimal(unit_price)
        session.commit()
    assert said in text_of(browser(running.members[0][1]).get("/commandes"))


def test_a_cart_that_asks_for_too_much_says_what_is_left_and_orders_that(session, browser, in_app):
    with in_app():
        running = active_contract(maximum_quantity=1000)
        site, actor = running.members[0]
        order(*running.members[1], running.lot.id, 988)
    page = browser(actor)
    page.post("/commandes/panier", data={"site": site.id, "lot": running.lot.id, "quantity": "40"})
    line = only(session, CartLine)
    cart = text_of(page.get("/commandes/panier"))
    assert "Commande impossible : il reste 12 postes ; vous en demandez 40." in cart
    assert "Commander 12 postes" in cart and "Prévenir la centrale" in cart
    ordering = f"/commandes/panier/{site.organisation_id}/commande"
    assert "Commande impossible" in text_of(page.post(ordering, follow_redirects=True))
    asked = {"site": site.id, "lot": running.lot.id, "asked": "40", "available": "12"}
    assert "La centrale est prévenue" in text_of(page.post("/commandes/manque", data=asked, follow_redirects=True))
    done = page.post(ordering, data={"line": line.id, "quantity": "12"}, follow_redirects=True)
    assert "1 commande est passée" in text_of(done)
    assert "épuisé" in text_of(page.get("/commandes"))


def test_what_is_typed_wrong_in_a_cart_is_said(session, browser, in_app):
    with in_app():
        running = active_contract()
    site, actor = running.members[0]
    page, add = browser(actor), {"site": site.id, "lot": running.lot.id, "quantity": "beaucoup"}
    assert "Commandez au moins une unité" in text_of(page.post("/commandes/panier", data=add, follow_redirects=True))
    bad_day = {**add, "quantity": "4", "starts_on": "demain"}
    assert "Donnez un jour" in text_of(page.post("/commandes/panier", data=bad_day, follow_redirects=True))
    page.post("/commandes/panier", data={**add, "quantity": "4"})
    taken = page.post(f"/commandes/panier/{only(session, CartLine).id}/retrait", follow_redirects=True)
    assert "retirée du panier" in text_of(taken) and "Votre panier est vide" in text_of(taken)


def test_a_holder_answers_from_its_book_and_a_reason_is_asked_beside_its_field(session, browser, in_app):
    with in_app():
        running = active_contract()
        site, actor = running.members[0]
        placed = order(site, actor, running.lot.id, 100)
    page, here = browser(running.holder), f"/commandes/{placed.id}"
    assert "Sans réponse" in text_of(browser(actor).get("/commandes/suivi?status=sent"))
    assert placed.contract.reference in text_of(page.get("/carnet-de-commandes"))
    assert "Répondre à la commande" in text_of(page.get("/"))
    refused = page.post(f"{here}/reponse", data={"accepted_quantity": "60", "reason": ""})
    assert refused.status_code == 422 and "Écrivez pourquoi" in text_of(refused)
    unread = page.post(f"{here}/reponse", data={"accepted_quantity": "tout", "reason": "x"})
    assert unread.status_code == 422 and "acceptez de 0 à 100" in text_of(unread)
    answered = page.post(f"{here}/reponse", data={"accepted_quantity": "60", "reason": "Stock"}, follow_redirects=True)
    assert "Acceptée en partie" in text_of(answered)
    assert page.post(f"{here}/livraison", data={"delivered_on": "hier"}).status_code == 422
    late = page.post(f"{here}/livraison", data={"delivered_on": "2999-01-01"})
    assert late.status_code == 422 and "entre la commande et aujourd" in text_of(late)
    assert "Livrée, à certifier" in text_of(page.post(f"{here}/livraison", data={}, follow_redirects=True))
    assert "À livrer" not in text_of(page.get("/carnet-de-commandes"))


def test_a_member_contests_the_centre_settles_and_the_member_certifies(session, browser, in_app):
    with in_app():
        running = active_contract()
        site, actor = running.members[0]
        placed = order(site, actor, running.lot.id, 100)
    page, centre, here = browser(actor), browser(running.centre), f"/commandes/{placed.id}"
    holder = browser(running.holder)
    holder.post(f"{here}/reponse", data={"accepted_quantity": "100"})
    holder.post(f"{here}/livraison", data={})
    assert page.post(f"{here}/contestation", data={"reason": ""}).status_code == 422
    assert "Certifier ou contester la livraison" in text_of(page.get("/"))
    page.post(f"{here}/contestation", data={"reason": "Postes manquants"})
    assert "Postes manquants" in text_of(centre.get(here)) and "abandonnée" in text_of(centre.get(here))
    assert "1 contestation" in text_of(centre.get("/execution"))
    assert "Régler la contestation de la commande" in text_of(centre.get("/"))
    assert centre.post(f"{here}/reglement", data={"how": "goes_on", "resolution": ""}).status_code == 422
    centre.post(f"{here}/reglement", data={"how": "goes_on", "resolution": "Installés depuis"})
    done = text_of(page.post(f"{here}/service-fait", follow_redirects=True))
    assert "le titulaire peut facturer" in done and "Installés depuis" in done
    assert session.get_one(CallOff, placed.id, populate_existing=True).status == "certified"


def test_an_order_above_the_limit_is_approved_turned_down_or_cancelled(session, browser, in_app):
    with in_app():
        running = active_contract()
        site, signatory = running.members[0]
        buyer = colleague(site, "buyer")
        first, second, third = (order(site, buyer, running.lot.id, n).id for n in (10, 20, 30))
    page, own = browser(signatory), browser(buyer)
    assert "À approuver" in text_of(page.get("/commandes")) and "Approuver la commande" in text_of(page.get("/"))
    assert "Approuver la commande" not in text_of(own.get("/"))
    assert "Approuver et envoyer" not in text_of(own.get(f"/commandes/{first}"))
    refused = own.post(f"/commandes/{first}/approbation", follow_redirects=True)
    assert "une autre personne habilitée doit l'approuver" in text_of(refused)
    assert "approuvée et envoyée" in text_of(page.post(f"/commandes/{first}/approbation", follow_redirects=True))
    assert page.post(f"/commandes/{second}/rejet", data={"reason": ""}).status_code == 422
    assert "Budget épuisé" in text_of(
        page.post(f"/commandes/{second}/rejet", data={"reason": "Budget épuisé"}, follow_redirects=True)
    )
    own.post(f"/commandes/{third}/annulation", data={"reason": "Doublon"})
    assert session.get_one(CallOff, third, populate_existing=True).status == "cancelled"


def test_limits_are_read_by_all_and_written_by_the_administrator(session, browser, in_app):
    with in_app():
        running = active_contract()
        site, admin = running.members[0]
        buyer = colleague(site, "buyer")
    page, here = browser(admin), f"/commandes/plafonds/{site.organisation_id}"
    body = {"signatory": "", "admin": "0", "buyer": "5 000,50 €", "contributor": "0"}
    assert "enregistrés" in text_of(page.post(here, data=body, follow_redirects=True))
    assert 'value="5\u202f000,5"' in page.get(here).text
    wrong = page.post(here, data={**body, "buyer": "beaucoup"})
    assert wrong.status_code == 422 and "Écrivez un montant" in text_of(wrong)
    assert page.post(here, data={**body, "signatory": "10"}).status_code == 409
    assert "Seul un administrateur" in text_of(browser(buyer).get(here))
    assert browser(running.holder).get(here).status_code == 403


def test_a_commitment_is_handed_on_from_the_page(session, browser, in_app):
    with in_app():
        running = active_contract()
        (giver, actor), (taker, other) = running.members
        offered = offer_transfer(actor, running.contract.id, from_id=giver.id, to_id=taker.id, quantity=50)
    giving, taking, here = browser(actor), browser(other), "/commandes/cessions"
    assert "Accepter" in text_of(taking.get(here)) and "Retirer" in text_of(giving.get(here))
    assert "Répondre à la cession de 50 postes" in text_of(taking.get("/"))
    assert "désormais le vôtre" in text_of(taking.post(f"{here}/{offered.id}/acceptation", follow_redirects=True))
    assert "déjà reçu sa réponse" in text_of(giving.post(f"{here}/{offered.id}/retrait", follow_redirects=True))
    body = {"place": f"{running.contract.id}:{giver.id}", "to": str(taker.id), "quantity": "9999"}
    assert "Vous pouvez céder de 1 à 550" in text_of(giving.post(here, data=body, follow_redirects=True))
    assert "Choisissez l'engagement" in text_of(giving.post(here, data={}, follow_redirects=True))
    giving.post(here, data={**body, "quantity": "10"})
    waiting = session.query(CommitmentTransfer).filter(CommitmentTransfer.is_waiting).one()
    assert "refusée" in text_of(taking.post(f"{here}/{waiting.id}/refus", follow_redirects=True))


def test_each_page_is_its_partys_own(session, browser, in_app, sign_in):
    with in_app():
        running, other = active_contract(), active_contract()
        site, actor = running.members[0]
        placed = order(site, actor, running.lot.id, 5)
    assert browser(other.members[0][1]).get(f"/commandes/{placed.id}").status_code == 404
    assert browser(actor).get("/carnet-de-commandes").status_code == 403
    assert browser(actor).get("/execution").status_code == 403
    assert browser(other.centre).get(f"/execution/{running.contract.id}").status_code == 404
    assert "Aucun de vos sites" in text_of(sign_in(user_in()).get("/commandes"))
    assert "Aucun marché n'est encore activé" in text_of(sign_in(user_in(kind="purchasing_centre")).get("/execution"))


def test_english_pages_of_orders_have_no_french_word(session, browser, in_app):
    with in_app():
        shared = shared_lot("cascade", title="Endpoints")
        site, actor = shared.members[0]
        set_limits(actor, site.organisation_id, {"buyer": Decimal(10)})
        placed = order(site, actor, shared.lot.id, 5)
        order(site, colleague(site, "buyer"), shared.lot.id, 5)
        offer_transfer(
            actor, shared.contracts[0].id, from_id=site.id, to_id=shared.members[1][0].id, quantity=1
        )
    shared.lot.title = "Endpoints"
    session.commit()
    member, here = browser(actor), f"/commandes/{placed.id}"
    member.post("/commandes/panier?lang=en", data={"site": site.id, "lot": shared.lot.id, "quantity": "3"})
    paths = [(member, path) for path in ("/commandes", "/commandes/panier", "/commandes/suivi", "/commandes/cessions", here,
                                         f"/commandes/plafonds/{site.organisation_id}")]  # fmt: skip
    paths += [(browser(shared.holders[0]), "/carnet-de-commandes"), (browser(shared.holders[0]), here)]
    centre = browser(shared.centre)
    paths += [(member, "/"), (browser(shared.holders[0]), "/"), (centre, "/")]
    paths += [(centre, "/execution"), (centre, f"/execution/{shared.contracts[0].id}")]
    for reader, path in paths:
        page = reader.get(f"{path}?lang=en")
        assert page.status_code == 200 and not french_words_of(re.sub(r"lang=\w+", "", page.text)), path


def test_who_sits_in_many_organisations_finds_the_limits_of_each(session, sign_in, in_app, count_queries):
    with in_app():
        user = user_in()
        others = [OrganisationFactory(name=f"Clinique fictive {number:02d}") for number in range(6)]
        for number, other in enumerate(others):
            MembershipFactory(user_id=user.id, organisation_id=other.id, roles=("admin", "buyer"))
            set_limits(SYSTEM, other.id, {"buyer": Decimal(1000 * (number + 1))})
        session.commit()
    page = sign_in(user)
    with count_queries() as long:
        shown = text_of(page.get("/commandes/plafonds"))
    assert all(other.name in shown for other in others) and "sans plafond" in shown and "n'approuve rien" in shown
    assert "6 000 €" in shown.replace("\u202f", " ").replace("\xa0", " ")
    assert "/commandes/plafonds" in page.get("/commandes").text
    alone = sign_in(user_in())
    with count_queries() as short:
        alone.get("/commandes/plafonds")
    assert len(long) == len(short)
