"""Exchanges over HTTP: asked from a provider's page, answered, read by the two sides alone; partners found by vendors."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.contacts import services
from catalog.contacts.models import ContactThread
from marketplace.accounts.models import Membership
from marketplace.notifications.models import Notification
from marketplace.platform import clock, outbox
from tests.factories import accounts
from tests.factories import catalog as make


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory(name="Bastion Fictif")


@pytest.fixture
def vendor(provider: Any) -> Any:
    return make.person_of(provider)


@pytest.fixture
def buyer(session: Session) -> Any:
    return accounts.user_in(accounts.OrganisationFactory(name="Clinique fictive"))


def home_of(session: Session, user: Any) -> str:
    return str(session.scalars(select(Membership.organisation_id).where(Membership.user_id == user.id)).one())


def in_days(number: int) -> str:
    return str(clock.today() + timedelta(days=number))


@pytest.fixture
def asked(session: Session, buyer: Any) -> Callable[..., dict[str, Any]]:
    def body(**changes: Any) -> dict[str, Any]:
        known = {"organisation_id": home_of(session, buyer), "subject": "Un EDR pour 400 postes", "mode": "remote"}
        return {**known, "days": [in_days(3), in_days(5)], "message": "Bonjour", **changes}

    return body


def told(app: Any, session: Session, user: Any) -> list[str]:
    with app.app_context():
        outbox.dispatch_due()
    session.expire_all()
    return list(session.scalars(select(Notification.template).where(Notification.user_id == user.id).order_by(Notification.id)))


def test_an_exchange_is_asked_answered_and_agreed_and_each_side_is_told(
    app: Any, api: Callable, session: Session, provider: Any, vendor: Any, buyer: Any, asked: Callable
) -> None:
    made = api(buyer).post(f"/api/v1/providers/{provider.id}/contacts", json=asked())
    assert (made.status_code, made.json["status"], made.json["side"]) == (201, "asked", "asker")
    path = f"/api/v1/contacts/{made.json['id']}"
    assert told(app, session, vendor) == ["contact_ask"]
    answer = api(vendor).post(f"{path}/messages", json={"act": "propose", "days": [in_days(9)], "message": "Plutôt ce jour"})
    assert (answer.json["status"], answer.json["acts"]) == ("answered", ["write", "propose", "decline", "close"])
    agreed = api(buyer).post(f"{path}/messages", json={"act": "accept", "accepted_on": in_days(9)})
    assert (agreed.json["status"], agreed.json["agreed_on"]) == ("agreed", in_days(9))
    assert told(app, session, buyer) == ["contact_propose"]
    assert told(app, session, vendor) == ["contact_ask", "contact_accept"]
    said = [(one["side"], one["act"], one["days"]) for one in api(vendor).get(path).json["messages"]]
    assert said == [
        ("asker", "ask", [in_days(3), in_days(5)]), ("provider", "propose", [in_days(9)]), ("asker", "accept", [in_days(9)]),
    ]  # fmt: skip
    note = api(vendor).get("/api/v1/notifications").json["items"]
    assert any("Un EDR pour 400 postes" in one["subject"] for one in note)


def test_an_exchange_is_read_and_answered_by_its_two_sides_alone(
    api: Callable, session: Session, provider: Any, vendor: Any, buyer: Any, asked: Callable
) -> None:
    path = f"/api/v1/contacts/{api(buyer).post(f'/api/v1/providers/{provider.id}/contacts', json=asked()).json['id']}"
    strangers = (accounts.user_in(), make.person_of(make.ProviderFactory()), accounts.operator())
    for stranger in strangers:
        assert api(stranger).get(path).status_code == 404
        assert api(stranger).post(f"{path}/messages", json={"act": "close"}).status_code == 404
        assert api(stranger).get("/api/v1/contacts").json["items"] == []
    reader = make.person_of(provider, roles=("viewer",))
    assert api(reader).get(path).status_code == 200
    assert api(reader).post(f"{path}/messages", json={"act": "close"}).status_code == 403
    refused = api(accounts.user_in()).post(f"/api/v1/providers/{provider.id}/contacts", json=asked())
    assert refused.status_code == 404
    assert [one["id"] for one in api(vendor).get("/api/v1/contacts?status=asked").json["items"]] == [path.rpartition("/")[2]]
    assert api(vendor).get("/api/v1/contacts?status=agreed").json["items"] == []


def test_what_may_not_be_asked_is_refused_and_nothing_is_kept(
    api: Callable, session: Session, provider: Any, buyer: Any, asked: Callable
) -> None:
    path = f"/api/v1/providers/{provider.id}/contacts"
    past = api(buyer).post(path, json=asked(days=[in_days(-1)]))
    assert (past.status_code, past.json["code"]) == (409, "contact_day_past")
    foreign = make.published_offer(provider_id=make.ProviderFactory().id)
    assert api(buyer).post(path, json=asked(offer_id=str(foreign.id))).status_code == 404
    hidden = make.ProviderFactory(verified_at=None)
    assert api(buyer).post(f"/api/v1/providers/{hidden.id}/contacts", json=asked()).status_code == 404
    assert api(buyer).post(path, json=asked(mode="phone")).status_code == 422
    assert session.scalars(select(ContactThread)).all() == []
    for _ in range(3):
        assert api(buyer).post(path, json=asked()).status_code == 201
    assert api(buyer).post(path, json=asked()).json["code"] == "contact_waits_already"


def test_requests_are_throttled_by_organisation(
    api: Callable, provider: Any, buyer: Any, asked: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "REQUESTS_A_DAY", 1)
    path = f"/api/v1/providers/{provider.id}/contacts"
    assert api(buyer).post(path, json=asked()).status_code == 201
    refused = api(buyer).post(path, json=asked())
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_attempts")


def test_the_pages_lead_from_an_offer_to_an_agreed_day(
    sign_in: Callable, session: Session, provider: Any, vendor: Any, buyer: Any
) -> None:
    offer = make.published_offer(provider_id=provider.id)
    browser, answers = sign_in(buyer), sign_in(vendor)
    form = f"/prestataires/{provider.id}/contact?offer={offer.id}"
    assert form.replace("&", "&amp;") in browser.get(f"/offres/{offer.id}").text
    assert "EDR managé fictif" in browser.get(form).text
    body = {
        "organisation_id": home_of(session, buyer), "subject": "Votre EDR", "mode": "on_site", "first_day": in_days(4),
        "message": "Bonjour",
    }  # fmt: skip
    refused = browser.post(form, data={**body, "first_day": ""})
    assert (refused.status_code, "Proposez au moins un jour" in refused.text) == (422, True)
    page = browser.post(form, data=body).headers["Location"]
    assert session.scalars(select(ContactThread.offer_id)).one() == offer.id
    assert "À vous de répondre" in answers.get("/contacts").text
    assert "Répondre aux demandes d&#39;échange" in answers.get("/").text
    assert answers.get(page).status_code == 200
    wrong = answers.post(page, data={"act": "write", "message": ""})
    assert (wrong.status_code, "Écrivez un message" in wrong.text) == (422, True)
    assert answers.post(page, data={"act": "accept", "accepted_on": in_days(4), "message": "À 14 h"}).status_code == 302
    assert "Jour fixé" in browser.get("/contacts").text
    assert "À 14 h" in browser.get(page).text
    assert browser.get("/contacts?status=declined").status_code == 200


def test_a_vendor_that_lists_itself_is_found_and_asked_by_another_one(
    sign_in: Callable, api: Callable, session: Session, provider: Any, vendor: Any, buyer: Any
) -> None:
    make.hds_certificates(provider.id, activities=[1, 2])
    rival_provider = make.ProviderFactory(name="Rempart Fictif")
    make.hds_certificates(rival_provider.id, activities=[5])
    rival = make.person_of(rival_provider)
    path = f"/api/v1/providers/{provider.id}"
    ask = {"organisation_id": str(rival_provider.organisation_id), "subject": "HDS 5", "mode": "remote", "days": [in_days(1)]}
    assert api(rival).post(f"{path}/contacts", json=ask).json["code"] == "contact_not_seeking_partner"
    browser, form = sign_in(vendor), f"/prestataires/{provider.id}/recherche-de-partenaire"
    assert "1 · " not in browser.get(form).text
    assert browser.post(form, data={"activities": []}).status_code == 422
    assert browser.post(form, data={"activities": ["5", "6"], "note": "Pour l'Ouest"}).status_code == 302
    assert api(vendor).put(f"{path}/partner-search", json={"activities": [1]}).json["code"] == "partner_activity_held"
    listed = api(rival).get("/api/v1/partner-searches").json["items"]
    assert [(one["provider_name"], one["activities"], one["held"]) for one in listed] == [("Bastion Fictif", [5, 6], [1, 2])]
    assert "vous la couvrez" in sign_in(rival).get("/partenaires").text
    assert "Pour l&#39;Ouest" in browser.get("/partenaires").text
    for stranger in (buyer, accounts.user_in(kind="purchasing_centre")):
        assert api(stranger).get("/api/v1/partner-searches").status_code == 403
        assert sign_in(stranger).get("/partenaires").status_code == 403
    assert api(rival).post(f"{path}/contacts", json=ask).status_code == 201
    oneself = {**ask, "organisation_id": str(provider.organisation_id)}
    assert api(vendor).post(f"{path}/contacts", json=oneself).json["code"] == "contact_with_oneself"
    assert api(rival).delete(f"{path}/partner-search").status_code == 403
    assert browser.post(f"{form}/fin").status_code == 302
    assert api(rival).get("/api/v1/partner-searches").json["items"] == []


def test_lists_ask_as_many_queries_for_three_exchanges_as_for_twelve(
    api: Callable, sign_in: Callable, session: Session, vendor: Any, buyer: Any, asked: Callable, count_queries: Callable
) -> None:
    def cost() -> int:
        with count_queries() as statements:
            assert sign_in(buyer).get("/contacts").status_code == 200
        return len(statements)

    def ask_one() -> None:
        path = f"/api/v1/providers/{make.ProviderFactory().id}/contacts"
        assert api(buyer).post(path, json=asked()).status_code == 201

    for _ in range(3):
        ask_one()
    cost()
    few = cost()
    for _ in range(9):
        ask_one()
    assert cost() == few
    first = api(buyer).get("/api/v1/contacts?limit=5").json
    second = api(buyer).get(f"/api/v1/contacts?limit=20&cursor={first['next']}").json
    times = [one["touched_at"] for one in [*first["items"], *second["items"]]]
    assert (len(times), times) == (12, sorted(times, reverse=True))


def test_a_stranger_uses_up_none_of_an_organisations_requests(
    api: Callable, provider: Any, buyer: Any, asked: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "REQUESTS_A_DAY", 1)
    path, stranger = f"/api/v1/providers/{provider.id}/contacts", accounts.user_in()
    for _ in range(3):
        assert api(stranger).post(path, json=asked()).status_code == 404
    assert api(buyer).post(path, json=asked()).status_code == 201


def test_answers_are_counted_for_who_writes_and_not_for_the_other_side(
    api: Callable, provider: Any, vendor: Any, buyer: Any, asked: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MESSAGES_A_DAY", 1)
    path = f"/api/v1/contacts/{api(buyer).post(f'/api/v1/providers/{provider.id}/contacts', json=asked()).json['id']}/messages"
    said = {"act": "write", "message": "Bonjour"}
    assert api(buyer).post(path, json=said).status_code == 201
    assert api(buyer).post(path, json=said).json["code"] == "too_many_attempts"
    assert api(vendor).post(path, json=said).status_code == 201


def test_who_looks_for_a_partner_is_read_by_verified_vendors_alone(
    api: Callable, sign_in: Callable, session: Session, provider: Any, vendor: Any
) -> None:
    services_path = f"/api/v1/providers/{provider.id}/partner-search"
    assert api(vendor).put(services_path, json={"activities": [5], "note": "Pour l'Est"}).status_code == 200
    newcomer = make.person_of(make.ProviderFactory(verified_at=None))
    assert api(newcomer).get("/api/v1/partner-searches").status_code == 403
    page = sign_in(newcomer).get("/partenaires")
    assert (page.status_code, "Bastion Fictif" in page.text, "Pour l&#39;Est" in page.text) == (200, False, False)
    for reader in (make.person_of(make.ProviderFactory()), accounts.operator()):
        names = [one["provider_name"] for one in api(reader).get("/api/v1/partner-searches").json["items"]]
        assert names == ["Bastion Fictif"]


def test_an_unverified_vendor_that_looks_for_a_partner_is_not_shown(
    api: Callable, session: Session, provider: Any, vendor: Any
) -> None:
    assert api(vendor).put(f"/api/v1/providers/{provider.id}/partner-search", json={"activities": [5]}).status_code == 200
    provider.verified_at = None
    session.commit()
    assert api(make.person_of(make.ProviderFactory())).get("/api/v1/partner-searches").json["items"] == []
