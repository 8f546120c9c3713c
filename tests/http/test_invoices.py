"""Invoices over HTTP and on pages: drawn, downloaded, credited, paid, received; others' rows are not found."""
from dataclasses import replace
from io import BytesIO

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd

from marketplace.accounts.models import User
from marketplace.platform import clock
from tenders.contracts.invoicing import documents
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.services.drawing import draw_call_off_invoice
from tenders.contracts.ordering.models import CallOff
from tests.factories.accounts import operator
from tests.factories.invoices import certified_order, invoiced_contract


@pytest.fixture
def running(app, session, files_folder):
    """A contract, its certified order, and the people: holder, member, the other member."""
    with app.test_request_context("/"):
        contract = invoiced_contract()
        order = certified_order(contract, 100, purchase_order_reference="BC-118")
    actors = (contract.holder, contract.members[0][1], contract.members[1][1])
    people = [session.get_one(User, actor.user_id) for actor in actors]
    return contract, order.id, people


@pytest.fixture
def drawn(api, running):
    """The same, and the invoice of the order as the API answered."""
    contract, order_id, people = running
    answer = api(people[0]).post(f"/api/v1/call-offs/{order_id}/invoice")
    assert answer.status_code == 201, answer.json
    return contract, people, answer.json


def test_an_invoice_is_drawn_listed_and_downloaded_by_both_parties(api, drawn):
    _contract, people, made = drawn
    assert (made["status"], made["purchase_order_reference"], made["currency"]) == ("issued", "BC-118", "EUR")
    for user in people[:2]:
        caller = api(user)
        assert [each["id"] for each in caller.get("/api/v1/invoices").json["items"]] == [made["id"]]
        assert caller.get(f"/api/v1/invoices?call_off_id={made['call_off_id']}").json["items"]
        assert caller.get(f"/api/v1/invoices/{made['id']}").json == made
        pdf = caller.get(f"/api/v1/invoices/{made['id']}/file")
        xml = caller.get(f"/api/v1/invoices/{made['id']}/xml")
        assert pdf.headers["Content-Disposition"].startswith("attachment")
        assert xml.headers["X-Content-Type-Options"] == "nosniff"
        assert get_xml_from_pdf(pdf.data)[1] == xml.data
        assert xml_check_xsd(xml.data, flavor="factur-x", level="en16931")


def test_others_find_nothing(api, sign_in, drawn):
    _contract, people, made = drawn
    for user in (people[2], operator()):
        for path in ("", "/file", "/xml"):
            assert api(user).get(f"/api/v1/invoices/{made['id']}{path}").status_code == 404
        assert api(user).get("/api/v1/invoices").json["items"] == []
        assert sign_in(user).get(f"/factures/{made['id']}").status_code == 404
    assert api(None).get("/api/v1/invoices").status_code == 401


def test_credit_and_payment_are_the_issuers(api, drawn):
    _contract, people, made = drawn
    holder, member = api(people[0]), api(people[1])
    path, today = f"/api/v1/invoices/{made['id']}", clock.today().isoformat()
    assert member.post(f"{path}/payment", json={"paid_on": today, "means": "transfer"}).status_code == 403
    paid = holder.post(f"{path}/payment", json={"paid_on": today, "means": "transfer"})
    assert (paid.status_code, paid.json["status"], paid.json["paid_on"]) == (201, "paid", today)
    again = holder.post(f"{path}/payment", json={"paid_on": today, "means": "transfer"})
    assert (again.status_code, again.json["code"]) == (409, "invoice_not_payable")
    note = holder.post(f"{path}/credit-note", json={"reason": "Quantité erronée"})
    assert (note.status_code, note.json["kind"], note.json["corrects_id"]) == (201, "credit_note", made["id"])


def test_the_file_may_be_a_moment_late(app, api, running):
    contract, order_id, people = running
    with app.test_request_context("/"):
        late = draw_call_off_invoice(contract.holder, order_id).id
    answer = api(people[0]).get(f"/api/v1/invoices/{late}/file")
    assert (answer.status_code, answer.json["code"]) == (409, "invoice_file_pending")


def test_details_and_mandate(api, running):
    contract, _order_id, (holder, member, _other) = running
    own = contract.provider.organisation_id
    path, caller = f"/api/v1/organisations/{own}", api(holder)
    assert caller.get(f"{path}/invoicing-details").json["iban"].startswith("FR76")
    body = {"address_lines": ["2 rue B"], "postcode": "69002", "town": "Lyon"}
    assert caller.put(f"{path}/invoicing-details", json=body).json["payment_days"] == 30
    wrong = caller.put(f"{path}/invoicing-details", json={**body, "iban": "FR00"})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["iban"])
    assert caller.put(f"{path}/invoicing-mandate", json={}).json["mandated_at"]
    assert caller.delete(f"{path}/invoicing-mandate").json["mandated_at"] is None
    assert api(member).get(f"{path}/invoicing-details").status_code == 404


def test_the_pages_of_an_invoice(app, sign_in, drawn):
    contract, people, made = drawn
    holder, member = sign_in(people[0]), sign_in(people[1])
    with app.test_request_context("/"):
        waiting = certified_order(contract, 10)
    assert f"/factures/commandes/{waiting.id}" in text_of(holder.get("/factures"))
    assert "Aucune commande à facturer" not in text_of(member.get("/factures"))
    assert made["number"] in text_of(holder.get("/factures"))
    page = text_of(holder.get(f"/factures/{made['id']}"))
    assert "À déposer sur votre plateforme agréée." in page
    assert "Émettre l'avoir" in page
    seen = text_of(member.get(f"/factures/{made['id']}"))
    assert "avoir</button>" not in seen
    assert holder.get(f"/factures/{made['id']}/fichier").mimetype == "application/pdf"
    assert member.get(f"/factures/{made['id']}/xml").mimetype == "application/xml"
    future = {"paid_on": "2999-01-01", "means": "transfer"}
    assert holder.post(f"/factures/{made['id']}/paiement", data=future).status_code == 422
    assert holder.post(f"/factures/{made['id']}/paiement", data={}).status_code == 422
    paid = holder.post(f"/factures/{made['id']}/paiement", data={"paid_on": clock.today().isoformat(), "means": "card"})
    assert paid.status_code == 302
    assert holder.post(f"/factures/{made['id']}/avoir", data={}).status_code == 422
    credited = holder.post(f"/factures/{made['id']}/avoir", data={"reason": "Erreur"}, follow_redirects=True)
    assert "Annule en totalité" not in text_of(credited)
    assert "Annule la facture" in text_of(credited)
    again = holder.post(f"/factures/commandes/{made['call_off_id']}", follow_redirects=True)
    assert "à payer" in text_of(again)
    refused = holder.post(f"/factures/commandes/{made['call_off_id']}", follow_redirects=True)
    assert "Déjà facturé" in text_of(refused)


def test_the_pages_of_details_and_mandate(sign_in, running):
    contract, _order_id, (holder, _member, _other) = running
    browser, path = sign_in(holder), f"/factures/coordonnees/{contract.provider.organisation_id}"
    assert "Signer le mandat" in text_of(browser.get(path))
    form = {"line_one": "3 rue C", "postcode": "69003", "town": "Lyon", "country": "fr", "payment_days": "45"}
    assert browser.post(path, data=form).status_code == 302
    assert "3 rue C" in text_of(browser.get(path))
    assert browser.post(path, data={**form, "payment_days": "90"}).status_code == 422
    assert "Mandat signé" in text_of(browser.post(f"{path}/mandat/signature", follow_redirects=True))
    assert "Mandat retiré" in text_of(browser.post(f"{path}/mandat/retrait", follow_redirects=True))
    assert browser.post(f"{path}/mandat/autre").status_code == 404


def test_a_suppliers_invoice_is_received_and_judged(app, session, api, sign_in, running):
    contract, order_id, (holder, member, other) = running
    with app.test_request_context("/"):
        order = session.get_one(CallOff, order_id)
        between = documents.parties(session, contract.contract, order.organisation_id)
        document = documents.of_call_off(order, between, under_mandate=False)
    xml = as_xml(replace(document, number="F-1", purchase_order_reference="BC-118"))
    browser = sign_in(member)
    assert "Comparer à la commande" in text_of(browser.get("/factures/recues/nouvelle"))
    bad = browser.post("/factures/recues/nouvelle", data={"file": (BytesIO(b"x"), "f.xml")})
    assert (bad.status_code, "Rien n&#39;a été enregistré." in text_of(bad)) == (422, True)
    assert browser.post("/factures/recues/nouvelle", data={}).status_code == 422
    less = replace(document.lines[0], quantity=document.lines[0].quantity - 1)
    dearer = as_xml(replace(document, number="F-2", lines=(less,)))
    refused = api(member).post("/api/v1/supplier-invoices", data={"file": (BytesIO(b"%PDF-"), "f.pdf")})
    assert (refused.status_code, refused.json["code"]) == (409, "invoice_file_unreadable")
    made = api(member).post(f"/api/v1/supplier-invoices?call_off_id={order_id}", data={"file": (BytesIO(dearer), "f.xml")})
    assert made.status_code == 201, made.json
    assert made.json["differences"][0]["field"] == "quantity"
    found = f"/api/v1/supplier-invoices/{made.json['id']}"
    judged = api(member).post(f"{found}/decision", json={"decision": "disputed", "reason": "Quantité"})
    assert judged.json["decision"] == "disputed"
    assert api(holder).get(found).json["reason"] == "Quantité"
    good = browser.post("/factures/recues/nouvelle", data={"file": (BytesIO(xml), "f.xml")}, follow_redirects=True)
    assert "Conforme à la commande." in text_of(good)
    place = good.request.path
    assert browser.post(f"{place}/decision", data={}).status_code == 422
    assert browser.post(f"{place}/decision", data={"decision": "disputed"}).status_code == 422
    assert browser.post(f"{place}/decision", data={"decision": "accepted"}).status_code == 302
    assert "acceptée" in text_of(sign_in(holder).get(place))
    assert sign_in(other).get(place).status_code == 404
    third = as_xml(replace(document, number="F-3"))
    twice = api(member).post(f"/api/v1/supplier-invoices?call_off_id={order_id}", data={"file": (BytesIO(third), "f.xml")})
    assert (twice.status_code, twice.json["code"]) == (409, "already_invoiced")


def test_a_list_of_invoices_costs_the_same_whatever_its_length(app, api, drawn, count_queries):
    contract, people, _made = drawn
    caller = api(people[0])
    with count_queries() as few:
        caller.get("/api/v1/invoices")
    for _ in range(3):
        with app.test_request_context("/"):
            order = certified_order(contract, 10)
        caller.post(f"/api/v1/call-offs/{order.id}/invoice")
    with count_queries() as more:
        assert len(caller.get("/api/v1/invoices").json["items"]) == 4
    assert len(more) == len(few)


def text_of(answer) -> str:
    return answer.get_data(as_text=True)
