"""Contracts over JSON and on screen: concluded, signed, activated, suspended, ended; who reads what."""
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from catalog.certifications.events import LotsRelyingOn
from marketplace.accounts.models import User
from marketplace.platform import clock
from marketplace.platform.errors import RuleBroken
from marketplace.platform.events import ask
from tenders.contracts.models import Contract
from tenders.demand.events import RelyingOnClosing
from tenders.demand.services.undoings import undo_closing
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.contracts import ActiveContract, DecidedLot, active_contract, contract_on, decided_lot, holder_for
from tests.factories.demand import need_on, open_pool

PDF = b"%PDF-1.7 fictif"


@pytest.fixture
def made(app, session) -> Any:
    """`made(factory, …)`: rows that only use cases can make, in an application context of their own."""

    def call(factory: Any, *args: Any, **columns: Any) -> Any:
        with app.app_context():
            return factory(*args, **columns)

    return call


@pytest.fixture
def person(session) -> Any:
    """The user behind an actor."""
    return lambda actor: session.get_one(User, actor.user_id)


def body_of(decided: DecidedLot, **changes: Any) -> dict[str, Any]:
    return {
        "holder_id": str(decided.provider.id), "offer_id": str(decided.offer.id), "reference": "2027-EDR-01",
        "starts_on": clock.today().isoformat(), **changes,
    }  # fmt: skip


def test_a_contract_from_its_conclusion_to_its_activation(session, api, person, files_folder, made):
    decided = made(decided_lot)
    centre = api(person(decided.centre))
    answer = centre.post(f"/api/v1/lots/{decided.lot.id}/contracts", json=body_of(decided))
    assert answer.status_code == 201, answer.json
    contract = answer.json
    assert (contract["status"], contract["pooled_quantity"], contract["remaining_quantity"]) == ("concluded", 1000, 2000)
    assert [b["unit_price"] for b in contract["brackets"]] == ["6.0000", "5.0000", "4.1000"]
    url = f"/api/v1/contracts/{contract['id']}"
    assert centre.post(f"{url}/activation").json["code"] == "contract_not_signed"
    form = {"signed_file": (BytesIO(PDF), "contrat.pdf"), "signed_on": clock.today().isoformat()}
    signed = centre.post(f"{url}/signature", data=form, content_type="multipart/form-data")
    assert signed.status_code == 200, signed.json
    assert centre.get(f"{url}/signature").data == PDF
    activated = centre.post(f"{url}/activation")
    assert (activated.json["status"], activated.headers["ETag"]) == ("active", f'"v{activated.json["version"]}"')
    decisions = centre.get(f"{url}/decisions").json["items"]
    assert [d["kind"] for d in decisions] == ["concluded", "activated"]
    assert decisions[1]["evidence"]["committed"] == 1000
    assert len(decisions[1]["evidence"]["members"]) == 2


def test_a_request_sent_twice_concludes_once(session, api, person, made):
    decided = made(decided_lot)
    centre, url = api(person(decided.centre)), f"/api/v1/lots/{decided.lot.id}/contracts"
    keyed = {"Idempotency-Key": "8f2c"}
    first = centre.post(url, json=body_of(decided), headers=keyed)
    again = centre.post(url, json=body_of(decided), headers=keyed)
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    other = centre.post(url, json=body_of(decided, reference="2027-EDR-02"), headers=keyed)
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")


def test_an_award_made_elsewhere_with_its_prices(session, api, person, made):
    decided = made(decided_lot)
    grid = {"brackets": [{"from_quantity": 1, "unit_price": "5.50"}, {"from_quantity": 800, "unit_price": "4.90"}]}
    fee = {"kind": "percent_of_call_offs", "payer": "provider", "value": "2"}
    answer = api(person(decided.centre)).post(
        f"/api/v1/lots/{decided.lot.id}/contracts",
        json=body_of(decided, offer_id=None, origin="external_award", grid=grid, fee=fee),
    )
    assert answer.status_code == 201, answer.json
    assert answer.json["brackets"][1] == {"from_quantity": 800, "to_quantity": None, "unit_price": "4.90"}


def test_suspended_taken_up_and_terminated_with_a_reason(session, api, person, made):
    running = made(active_contract)
    centre, url = api(person(running.centre)), f"/api/v1/contracts/{running.contract.id}"
    assert centre.delete(f"{url}/suspension").json["code"] == "contract_not_suspended"
    assert centre.post(f"{url}/suspension", json={"reason": " "}).json["errors"].keys() == {"reason"}
    stale = centre.post(f"{url}/suspension", json={"reason": "Litige"}, headers={"If-Match": '"v9"'})
    assert stale.status_code == 412
    assert centre.post(f"{url}/suspension", json={"reason": "Litige"}).json["status"] == "suspended"
    assert centre.delete(f"{url}/suspension").json["status"] == "active"
    over = centre.post(f"{url}/termination", json={"reason": "Faute", "on": clock.today().isoformat()})
    assert (over.json["status"], over.json["termination_reason"]) == ("terminated", "Faute")
    assert centre.post(f"{url}/termination", json={"reason": "Faute"}).json["code"] == "contract_is_over"
    assert centre.post(f"{url}/suspension", json={"reason": "Litige"}).json["code"] == "contract_not_running"


def test_a_missed_minimum_lapses_and_frees_everybody(session, api, person, made):
    decided = made(decided_lot)
    contract = contract_on(decided, activated_at=None).contract
    centre, url = api(person(decided.centre)), f"/api/v1/contracts/{contract.id}"
    assert centre.post(f"{url}/lapse").json["code"] == "minimum_is_reached"
    leave(session, decided)
    assert centre.post(f"{url}/activation").json["code"] == "activation_minimum_missed"
    lapsed = centre.post(f"{url}/lapse")
    assert lapsed.json["status"] == "lapsed"
    decision = centre.get(f"{url}/decisions").json["items"][-1]
    assert (decision["kind"], decision["evidence"]["policy"]) == ("minimum_missed", "release")
    actor = decided.members[0][1]
    need = api(person(actor)).get(f"/api/v1/lots/{decided.lot.id}/needs").json["items"][0]
    assert need["status"] == "released"
    assert centre.post(f"{url}/lapse").json["code"] == "contract_not_waiting"


def leave(session, decided: DecidedLot) -> None:
    """The second member's commitment falls after the closing."""
    site_id = decided.members[1][0].id
    session.connection().exec_driver_sql(
        "UPDATE needs SET status = 'released' WHERE establishment_id = %s", (site_id,)
    )
    session.commit()


def test_who_reads_what(session, api, person, made):
    running = made(active_contract)
    url = f"/api/v1/contracts/{running.contract.id}"
    members = {
        name: api(person(actor)).get(f"{url}/members").json
        for name, actor in (("centre", running.centre), ("holder", running.holder), ("member", running.members[0][1]))
    }
    assert {name: len(seen["items"]) for name, seen in members.items()} == {"centre": 2, "holder": 2, "member": 1}
    assert {seen["member_count"] for seen in members.values()} == {2}
    assert {seen["committed"] for seen in members.values()} == {1000}
    rival, _offer = holder_for()
    outsider = api(user_in(OrganisationFactory(kind="care_operator"), ("admin",)))
    for path in (url, f"{url}/members", f"{url}/decisions", f"{url}/signature"):
        assert outsider.get(path).status_code == 404
    assert api(person(running.members[0][1])).post(f"{url}/activation").status_code == 403
    assert rival.id != running.contract.holder_id


def test_certificates_know_the_contracts_that_rely_on_them(session, made):
    decided = made(decided_lot, requirements={"certificates": ["iso27001"], "hds_activities": [], "regions": []})
    running = contract_on(decided)
    answers = ask(session, LotsRelyingOn(running.contract.holder_id, ("iso27001",)))
    assert [(a.lot_id, a.ends_on) for a in answers] == [(running.lot.id, running.contract.ends_on)]
    assert ask(session, LotsRelyingOn(running.contract.holder_id, ("passi",))) == []


def test_a_closing_that_a_contract_relies_on_is_not_taken_back(session, made):
    decided = made(decided_lot)
    question = RelyingOnClosing(decided.lot.id, 1)
    assert ask(session, question) == []
    contract = contract_on(decided).contract
    (said,) = ask(session, question)
    assert (said.code, said.values["reference"]) == ("contract_relies_on_closing", contract.reference)
    assert refused_to_undo(made, decided) == "closing_relied_upon"


def refused_to_undo(made: Any, decided: DecidedLot) -> str:
    with pytest.raises(RuleBroken) as broken:
        made(undo_closing, decided.centre, decided.lot.id, reason="Erreur", needs_close_at=clock.now() + timedelta(days=9))
    return broken.value.code


def pages_of(running: ActiveContract, sign_in: Any, person: Any, path: str) -> dict[str, str]:
    readers = {"centre": running.centre, "holder": running.holder, "member": running.members[0][1]}
    return {name: sign_in(person(actor)).get(path).get_data(as_text=True) for name, actor in readers.items()}


def test_the_page_of_a_contract_for_each_reader(session, sign_in, person, made):
    running = made(active_contract)
    seen = pages_of(running, sign_in, person, f"/contrats/{running.contract.id}")
    names = [site.name for site, _ in running.members]
    assert all(name in seen["centre"] and name in seen["holder"] for name in names)
    assert names[0] in seen["member"]
    assert names[1] not in seen["member"]
    assert "Votre prix" in seen["member"]
    assert "Résilier" in seen["centre"]
    assert "Résilier" not in seen["holder"] + seen["member"]
    for page in seen.values():
        assert "Il reste" in page
        assert "tranche atteinte" in page
    listed = pages_of(running, sign_in, person, "/contrats")
    assert all(running.contract.reference in page for page in listed.values())


def test_the_list_takes_a_constant_number_of_queries(session, sign_in, person, count_queries, made):
    running = made(active_contract)
    browser = sign_in(person(running.centre))
    browser.get("/contrats")
    with count_queries() as one:
        browser.get("/contrats")
    for _ in range(3):
        contract_on(made(decided_lot, vehicle_id=running.lot.vehicle_id))
    with count_queries() as four:
        assert browser.get("/contrats").get_data(as_text=True).count("/contrats/") >= 4
    assert len(four) == len(one)


def test_a_centre_goes_from_a_decided_lot_to_an_activated_contract_on_screen(session, sign_in, person, files_folder, made):
    decided = made(decided_lot)
    browser = sign_in(person(decided.centre))
    assert f"/lots/{decided.lot.id}/contrats/nouveau" in browser.get("/contrats").get_data(as_text=True)
    url = f"/lots/{decided.lot.id}/contrats/nouveau"
    shown = browser.get(url).get_data(as_text=True)
    assert decided.provider.name in shown
    lot_page = browser.get(f"/lots/{decided.lot.id}").get_data(as_text=True)
    assert "Conclure le contrat" in lot_page and f"{url}?fiche={decided.offer.id}" in lot_page
    chosen = browser.get(url, query_string={"fiche": str(decided.offer.id)}).get_data(as_text=True)
    assert " checked" in chosen and " checked" not in shown
    empty = browser.post(url, data={"fee_kind": "none", "holder_selection": "single"})
    assert empty.status_code == 422
    form = {
        "idempotency_key": "one", "offer": str(decided.offer.id), "reference": "2027-EDR-01", "fee_kind": "none",
        "starts_on": clock.today().isoformat(), "holder_selection": "single", "maximum_quantity": "1 500", "fee_payer": "",
    }  # fmt: skip
    sent = browser.post(url, data=form)
    assert sent.status_code == 302, sent.get_data(as_text=True)
    page = sent.location
    assert browser.post(url, data=form).location == page
    contract = session.scalars(select(Contract)).one()
    assert contract.maximum_quantity == 1500
    assert "Déposer le contrat signé" in browser.get(page).get_data(as_text=True)
    sent = browser.post(
        f"/contrats/{contract.id}/signature",
        data={"signed_file": (BytesIO(PDF), "contrat.pdf"), "signed_on": clock.today().isoformat()},
    )
    assert sent.status_code == 302
    assert browser.get(f"/contrats/{contract.id}/contrat-signe.pdf").data == PDF
    browser.post(f"/contrats/{contract.id}/activation")
    assert "En cours" in browser.get(f"/contrats/{contract.id}").get_data(as_text=True)
    assert "Conclure le contrat" not in browser.get(f"/lots/{decided.lot.id}").get_data(as_text=True)
    for act, sent_form, said in (
        ("suspension", {"reason": "Litige", "until": clock.today().isoformat()}, "Suspendu"),
        ("reprise", {}, "En cours"),
        ("suspension", {"reason": "Litige", "from": "demain"}, "En cours"),
        ("resiliation", {"reason": ""}, "En cours"),
        ("resiliation", {"reason": "Faute"}, "Résilié"),
    ):
        browser.post(f"/contrats/{contract.id}/{act}", data=sent_form)
        assert said in browser.get(f"/contrats/{contract.id}").get_data(as_text=True)


def test_a_contract_whose_minimum_is_missed_says_so_on_screen(session, sign_in, person, made):
    decided = made(decided_lot)
    contract = contract_on(decided, activated_at=None).contract
    leave(session, decided)
    browser = sign_in(person(decided.centre))
    assert "Minimum non atteint" in browser.get(f"/contrats/{contract.id}").get_data(as_text=True)
    browser.post(f"/contrats/{contract.id}/caducite")
    shown = browser.get(f"/contrats/{contract.id}").get_data(as_text=True)
    assert "Caduc" in shown and "Les engagements sont libérés" in shown


def test_a_lot_nobody_can_hold_or_still_open_is_refused_on_screen(session, sign_in, person, made):
    decided = made(decided_lot, requirements={"certificates": ["iso27001"], "hds_activities": [], "regions": []})
    browser = sign_in(person(decided.centre))
    assert "Aucun prestataire" in browser.get(f"/lots/{decided.lot.id}/contrats/nouveau").get_data(as_text=True)
    lot = open_pool(vehicle_id=decided.lot.vehicle_id)
    made(need_on, lot, 10)
    assert f"/lots/{lot.id}/contrats/nouveau" not in browser.get("/contrats").get_data(as_text=True)
