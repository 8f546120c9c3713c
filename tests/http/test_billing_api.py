"""Fees over JSON: what one owes and is owed, with its state; a constant number of statements; a transfer noted."""
from decimal import Decimal

import pytest

from marketplace.billing.models import FeeInvoice
from marketplace.platform import clock
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import refreshed
from tests.factories.billing import ChargeFactory, FeeInvoiceFactory


@pytest.fixture
def parties(session):
    """A payer, a payee, an open invoice with a charge, a paid one with another, a charge that waits and a cancelled one."""
    clinic, centre = OrganisationFactory(name="Clinique fictive"), OrganisationFactory(kind="purchasing_centre")
    both = {"payer_organisation_id": clinic.id, "payee_organisation_id": centre.id}
    invoice, paid = FeeInvoiceFactory(**both), FeeInvoiceFactory(**both, paid_at=clock.now(), paid_how="outside")
    for facts in (
        {"fee_invoice_id": invoice.id}, {"fee_invoice_id": paid.id}, {"kind": "yearly_fee", "amount": Decimal("12.50")},
        {"cancelled_at": clock.now(), "cancel_reason": "Erreur"},
    ):  # fmt: skip
        ChargeFactory(**both, **facts)
    return clinic, centre, invoice


def listed(client, **query):
    answer = client.get("/api/v1/charges", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def test_a_payer_reads_what_it_owes_with_its_state(api, parties):
    clinic, centre, _invoice = parties
    mine = listed(api(user_in(clinic)))
    assert sorted(each["state"] for each in mine) == ["cancelled", "invoiced", "paid", "waiting"]
    assert {(each["side"], each["payer"], each["payee"]) for each in mine} == {("owed", "Clinique fictive", centre.name)}
    (waiting,) = listed(api(user_in(clinic)), state="waiting")
    assert (waiting["kind"], waiting["amount"], waiting["fee_invoice_id"]) == ("yearly_fee", "12.50", None)
    assert listed(api(user_in(clinic)), side="earned") == []


def test_a_payee_reads_what_it_is_owed_and_nobody_else_reads_anything(api, parties):
    _clinic, centre, invoice = parties
    payee = api(user_in(centre))
    assert {each["side"] for each in listed(payee)} == {"earned"}
    shown = payee.get("/api/v1/fee-invoices", query_string={"side": "earned"}).json["items"]
    assert {each["state"] for each in shown} == {"due", "paid"} and {each["other"] for each in shown} == {"Clinique fictive"}
    assert [len(each["charge_ids"]) for each in shown] == [1, 1]
    stranger = api(user_in(kind="purchasing_centre"))
    assert listed(stranger) == [] and stranger.get("/api/v1/fee-invoices?side=earned").json["items"] == []
    assert stranger.post(f"/api/v1/fee-invoices/{invoice.id}/paid-outside").status_code == 404
    assert api(user_in(centre)).get("/api/v1/charges?side=both").status_code == 422


def test_a_transfer_is_noted_once_by_who_may(api, parties):
    clinic, centre, invoice = parties
    path = f"/api/v1/fee-invoices/{invoice.id}/paid-outside"
    assert api(user_in(centre, ("viewer",))).post(path).status_code == 403
    assert api(user_in(clinic)).post(path).status_code == 404
    done = api(user_in(centre)).post(path)
    assert (done.status_code, done.json["state"], done.json["paid_how"]) == (200, "paid", "outside"), done.json
    assert refreshed(invoice).paid_at is not None
    assert api(user_in(centre)).post(path).json["code"] == "fee_already_paid"
    assert "paid" in {each["state"] for each in listed(api(user_in(clinic)))}


def test_many_charges_cost_as_many_statements_as_one(api, session, parties, count_queries):
    clinic, centre, _invoice = parties
    both = {"payer_organisation_id": clinic.id, "payee_organisation_id": centre.id}
    client = api(user_in(clinic))
    for path in ("/api/v1/charges", "/api/v1/fee-invoices"):
        client.get(path)
        with count_queries() as few:
            client.get(path)
        for _each in range(4):
            ChargeFactory(**both, fee_invoice_id=FeeInvoiceFactory(**both).id)
        with count_queries() as many:
            found = client.get(path).json["items"]
        assert len(found) >= 6 and len(many) == len(few)
    assert session.query(FeeInvoice).count() == 10
