"""A provider's profile: capacity by category honoured by matching, whom to ask, and suspensions that end by themselves."""
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.providers.suspensions import end_suspensions
from marketplace.notifications.models import Notification
from marketplace.platform import clock, outbox
from marketplace.platform.audit.models import AuditEvent
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.base import refreshed
from tests.factories.demand import LotTotalsFactory, centre_user
from tests.factories.vehicles import open_lot

FORM = {
    "description": "Nous", "regions": ["84"], "delivery_modes": ["remote", "on_site"], "contact_name": "Ada Fictive",
    "contact_email": "ada@bastion.example", "contact_phone": "04 00 00 00 00", "capacity-edr": "12 000", "capacity-soc": "",
}  # fmt: skip


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory(name="Bastion Fictif")


@pytest.fixture
def vendor(provider: Any) -> Any:
    return make.person_of(provider)


def test_capacity_and_contact_are_written_by_form_and_read_again(
    sign_in: Callable, api: Callable, provider: Any, vendor: Any
) -> None:
    browser, path = sign_in(vendor), f"/prestataires/{provider.id}/modifier"
    refused = browser.post(path, data={**FORM, "capacity-edr": "beaucoup"})
    assert (refused.status_code, "Écrivez un nombre entier" in refused.text) == (422, True)
    assert browser.post(path, data=FORM).status_code == 302
    assert 'value="12000"' in browser.get(path).text
    own = api(vendor).get(f"/api/v1/providers/{provider.id}/profile").json
    assert (own["capacities"], own["contact_email"]) == ({"edr": 12000}, "ada@bastion.example")
    page = browser.get(f"/prestataires/{provider.id}").text
    assert "12\u202f000 postes" in page
    assert browser.post(path, data={**FORM, "capacity-edr": ""}).status_code == 302
    assert api(vendor).get(f"/api/v1/providers/{provider.id}/profile").json["capacities"] == {}


def test_over_json_only_what_is_sent_changes_and_categories_exist(api: Callable, provider: Any, vendor: Any) -> None:
    path = f"/api/v1/providers/{provider.id}"
    assert api(vendor).patch(path, json={"capacities": {"edr": 10, "soc": 5}}).json["capacities"] == {"edr": 10, "soc": 5}
    assert api(vendor).patch(path, json={"contact_phone": " 01 "}).json["capacities"] == {"edr": 10, "soc": 5}
    unknown = api(vendor).patch(path, json={"capacities": {"cafe": 1}})
    assert (unknown.status_code, unknown.json["code"]) == (409, "category_unknown")
    assert api(vendor).patch(path, json={"capacities": {"edr": 0}}).status_code == 422
    assert api(vendor).patch(path, json={"contact_email": "ada"}).status_code == 422


def test_whom_to_ask_is_for_buyers_and_never_for_a_rival_or_a_passer_by(
    client: Any, sign_in: Callable, api: Callable, session: Session, provider: Any
) -> None:
    provider.contact_email = "ada@bastion.example"
    session.commit()
    path = f"/prestataires/{provider.id}"
    assert "ada@bastion.example" in sign_in(accounts.user_in()).get(path).text
    rival = make.person_of(make.ProviderFactory())
    assert "ada@bastion.example" not in sign_in(rival).get(path).text
    assert "ada@bastion.example" not in client.get(path).text
    assert api(rival).get(f"/api/v1/providers/{provider.id}/profile").status_code == 404
    assert "contact_email" not in api(rival).get(f"/api/v1/providers/{provider.id}").json


def test_a_provider_that_cannot_deliver_what_is_pooled_is_not_proposed(api: Callable, provider: Any, vendor: Any) -> None:
    lot = open_lot()
    LotTotalsFactory(lot_id=lot.id, maximum_quantity=8000, firm=3000, members=1)
    make.published_offer(provider_id=provider.id)
    centre, path = api(centre_user(lot)), f"/api/v1/lots/{lot.id}/matches"
    api(vendor).patch(f"/api/v1/providers/{provider.id}", json={"capacities": {"edr": 2999}})
    pooled = centre.get(path).json
    failed = [c["code"] for row in pooled["excluded"] for c in row["criteria"] if not c["passed"]]
    assert failed == ["capacity"]
    api(vendor).patch(f"/api/v1/providers/{provider.id}", json={"capacities": {"edr": 3000}})
    assert [row["provider_name"] for row in centre.get(path).json["eligible"]] == ["Bastion Fictif"]


def test_a_suspension_ends_by_itself_and_vendor_and_operator_are_told_once(
    app: Any, api: Callable, session: Session, provider: Any, vendor: Any
) -> None:
    operator, today = accounts.operator(), clock.today()
    body = {"until": str(today), "reason": "Enquête en cours"}
    assert api(operator).put(f"/api/v1/providers/{provider.id}/suspension", json=body).json["state"] == "suspended"

    def run(day: Any) -> int:
        moment = datetime.combine(day, time(12), UTC)
        with clock.frozen_at(moment), app.app_context():
            done = end_suspensions(moment)
            outbox.dispatch_due()
        session.expire_all()
        return done

    assert run(today) == 0
    assert api(vendor).get(f"/api/v1/providers/{provider.id}").json["state"] == "suspended"
    assert (run(today + timedelta(days=1)), run(today + timedelta(days=1))) == (1, 0)
    assert (refreshed(provider).suspended_until, provider.suspension_reason) == (None, None)
    told = session.execute(select(Notification.user_id, Notification.template).order_by(Notification.template))
    assert {tuple(row) for row in told} == {
        (vendor.id, "provider_suspended"), (vendor.id, "provider_suspension_over"),
        (operator.id, "suspension_ended_by_itself"),
    }  # fmt: skip
    assert "provider.suspension_ended" in session.scalars(select(AuditEvent.action)).all()


def test_lifting_early_tells_the_vendor_and_lifting_nothing_tells_nobody(
    app: Any, api: Callable, session: Session, provider: Any, vendor: Any
) -> None:
    operator, path = api(accounts.operator()), f"/api/v1/providers/{provider.id}/suspension"
    assert operator.delete(path).status_code == 200
    operator.put(path, json={"until": str(clock.today()), "reason": "Enquête"})
    assert operator.delete(path).json["state"] == "verified"
    with app.app_context():
        outbox.dispatch_due()
    told = session.scalars(select(Notification.template).where(Notification.user_id == vendor.id))
    assert sorted(told) == ["provider_suspended", "provider_suspension_over"]


def test_the_queue_shows_who_waits_longest_first_with_siren_and_vat(sign_in: Callable, session: Session) -> None:
    for number, days in enumerate((1, 9)):
        organisation = accounts.OrganisationFactory(
            kind="provider", name=f"Société {number}", siren="732829320", vat_number="FR44732829320"
        )
        make.ProviderFactory(
            name=organisation.name, organisation_id=organisation.id, verified_at=None,
            created_at=clock.now() - timedelta(days=days),
        )  # fmt: skip
    browser = sign_in(accounts.operator())
    page = browser.get("/a-verifier").text
    assert page.index("Société 1") < page.index("Société 0")
    assert "FR44732829320" in page
    assert "attend depuis 9 j" in page
