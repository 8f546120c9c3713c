"""The pages of a need and of a closing: what is shown before a signature, and where a refusal appears."""
import re
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from tenders.demand.models import Need
from tests.factories.accounts import user_in
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import grappe_of, site_and_user


def text_of(answer: Any) -> str:
    return answer.get_data(as_text=True).replace("\u202f", " ").replace("\u00a0", " ")


def need_on(api: Any, lot: Any, quantity: int) -> Any:
    """A site of its own with a firm need on the lot."""
    site, user = site_and_user()
    placed = api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json={"quantity": quantity, "firmness": "firm"})
    assert placed.get_json()["status"] == "counted"
    return site


def need_of(session: Session, lot: Any, site: Any) -> Need | None:
    session.expire_all()
    return session.get(Need, (lot.id, site.id))


def test_a_signatory_sees_the_amount_before_it_signs(sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    browser = sign_in(user)
    address = f"/lots/{lot.id}/besoin/{site.id}"
    assert browser.get(address).status_code == 200
    form = {"quantity": "300", "firmness": "firm", "tolerance": "0", "grappe": ""}
    shown = browser.post(address, data=form)
    assert shown.status_code == 200
    assert (
        "En signant, l'établissement s'engage sur 300 postes pendant 36 mois, soit 53 136 € TTC au plus (44 280 € HT). "
        "Si le minimum n'est pas atteint, l'engagement tombe."
    ) in text_of(shown).replace("&#39;", "'")
    assert need_of(session, lot, site) is None
    changed = browser.post(address, data={**form, "quantity": "400", "seen": "300:0:None"})
    assert "s'engage sur 400 postes" in text_of(changed).replace("&#39;", "'")
    signed = browser.post(address, data={**form, "seen": "300:0:None"})
    assert signed.status_code == 302
    need = need_of(session, lot, site)
    assert need is not None and (need.status, need.quantity) == ("counted", 300)


def test_a_buyer_proposes_and_the_signatory_signs_or_sends_back(sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, signatory = site_and_user()
    buyer = user_in(session.get_one(Organisation, site.organisation_id), ("buyer",))
    address = f"/lots/{lot.id}/besoin/{site.id}"
    sign_in(buyer).post(address, data={"quantity": "300", "firmness": "firm"})
    assert need_of(session, lot, site).status == "awaiting_signature"  # type: ignore[union-attr]
    page = text_of(sign_in(signatory).get(address))
    assert "Renvoyer au demandeur" in page and "53 136 € TTC au plus" in page
    assert "Renvoyer au demandeur" not in text_of(sign_in(buyer).get(address))
    assert sign_in(signatory).post(f"{address}/renvoi").status_code == 302
    assert need_of(session, lot, site).status == "not_counted"  # type: ignore[union-attr]
    sign_in(buyer).post(address, data={"quantity": "300", "firmness": "firm"})
    assert sign_in(signatory).post(f"{address}/signature").status_code == 302
    assert need_of(session, lot, site).status == "counted"  # type: ignore[union-attr]
    assert sign_in(signatory).post(f"{address}/retrait").status_code == 302
    assert need_of(session, lot, site) is None


def test_a_conditional_need_with_a_french_price_and_its_grappe(sign_in: Any, session: Session) -> None:
    lot = open_pool()
    site, user = site_and_user()
    grappe = grappe_of(site, site_and_user()[0])
    browser = sign_in(user)
    address = f"/lots/{lot.id}/besoin/{site.id}"
    assert grappe.name in text_of(browser.get(address))
    saved = browser.post(address, data={
        "quantity": "120", "firmness": "conditional", "grappe": str(grappe.id), "maximum_unit_price": "4,10 €",
    })  # fmt: skip
    assert saved.status_code == 302
    need = need_of(session, lot, site)
    assert need is not None and (str(need.maximum_unit_price), need.grappe_id) == ("4.1000", grappe.id)
    assert 'value="4,1"' in text_of(browser.get(address))


def test_a_refusal_is_shown_in_the_form_and_nothing_typed_is_lost(api: Any, sign_in: Any) -> None:
    lot = open_pool(minimum=None, maximum=100)
    need_on(api, lot, 60)
    site, user = site_and_user()
    address = f"/lots/{lot.id}/besoin/{site.id}"
    refused = sign_in(user).post(
        address, data={"quantity": "50", "firmness": "conditional", "minimum_pool_quantity": "10"}
    )
    assert refused.status_code == 422
    assert "Il reste 40 postes sur les 100 de ce lot ; vous en demandez 50." in text_of(refused)
    assert 'value="50"' in text_of(refused)
    missing = sign_in(user).post(address, data={"quantity": "5", "firmness": "conditional"})
    assert (missing.status_code, "porte une condition" in text_of(missing)) == (422, True)
    waiting = sign_in(user).post(
        address, data={"quantity": "50", "firmness": "conditional", "minimum_pool_quantity": "10", "accept_waitlist": "y"}
    )
    assert waiting.status_code == 302
    assert "rang 1" in text_of(sign_in(user).get(address))


def test_strangers_fill_nothing(sign_in: Any) -> None:
    lot = open_pool()
    site, _ = site_and_user()
    _, stranger = site_and_user()
    assert sign_in(stranger).get(f"/lots/{lot.id}/besoin/{site.id}").status_code == 403
    assert sign_in(stranger).get(f"/lots/{lot.id}/cloture").status_code == 403


def test_the_centre_closes_with_a_reason_and_everybody_reads_its_decision(api: Any, sign_in: Any) -> None:
    lot = open_pool(minimum=100)
    site = need_on(api, lot, 60)
    centre = sign_in(centre_user(lot))
    page = centre.get(f"/lots/{lot.id}/cloture")
    assert "Il manque 40 postes pour atteindre le minimum de 100 (60 engagés)." in text_of(page)
    assert "Clore et décider" not in text_of(page) and "Rien à décider pour l'instant" in text_of(page)
    assert centre.post(f"/lots/{lot.id}/cloture", data={"reason": "tôt"}).status_code == 422
    need_on(api, lot, 45)
    ready = text_of(centre.get(f"/lots/{lot.id}/cloture"))
    assert "Clore et décider" in ready and re.search(r'<textarea[^>]* name="reason"[^>]* required', ready)
    assert centre.post(f"/lots/{lot.id}/cloture", data={}).status_code == 422
    assert "Rien n'a encore été décidé" in text_of(centre.get(f"/lots/{lot.id}/decision")).replace("&#39;", "'")
    assert centre.post(f"/lots/{lot.id}/cloture", data={"reason": "minimum atteint"}).status_code == 302
    decided = text_of(centre.get(f"/lots/{lot.id}/decision"))
    assert "105 postes retenus." in decided
    assert site.name in decided and "Retenu : 60 postes." in decided
    assert site.name in text_of(centre.get(f"/lots/{lot.id}/besoins"))


def test_after_the_date_no_reason_is_asked(api: Any, sign_in: Any) -> None:
    lot = open_pool(minimum=100, minimum_policy=["extend"])
    need_on(api, lot, 60)
    with clock.frozen_at(lot.needs_close_at + timedelta(minutes=1)):
        centre = sign_in(centre_user(lot))
        assert centre.post(f"/lots/{lot.id}/cloture", data={}).status_code == 302
        decided = text_of(centre.get(f"/lots/{lot.id}/decision"))
    assert "60 postes sur 100" in decided and "prolongé une fois" in decided
