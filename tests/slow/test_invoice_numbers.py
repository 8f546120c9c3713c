"""Ten thousand invoices numbered by eight processes: no gap, no number twice, dates in order; a sample valid as XML and PDF."""
import os
import random
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.platform.database import db, transaction
from marketplace.platform.errors import RuleBroken
from tenders.contracts.invoicing import queries
from tenders.contracts.invoicing.content import from_content
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.models import Invoice
from tenders.contracts.invoicing.services.drawing import credit_invoice, draw_call_off_invoice
from tenders.contracts.settlement.services import settle_contract
from tests.conftest import ROOT
from tests.factories.invoices import certified_order, invoiced_contract

pytestmark = pytest.mark.slow
PROCESSES, EACH, SAMPLE = 8, 1250, 200

WRITER = """
import random, sys
from tests.conftest import test_settings
from app import create_app
from marketplace.platform.database import db, transaction
from tenders.contracts.invoicing.documents import of_call_off, parties
from tenders.contracts.invoicing.issuing import issue
from tenders.contracts.ordering.models import CallOff

url, worker, count, orders = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
luck = random.Random(worker)
with create_app(test_settings(url)).app_context():
    with transaction() as session:
        drawn = []
        for order_id in orders:
            order = session.get_one(CallOff, order_id)
            between = parties(session, order.contract, order.organisation_id)
            drawn.append((of_call_off(order, between, under_mandate=False), between.issuer.id, order.organisation_id, order.id))
    done = 0
    while done < count:
        document, issuer_id, buyer_id, order_id = luck.choice(drawn)
        try:
            with transaction() as session:
                issue(session, document, issuer_id=issuer_id, buyer_id=buyer_id, call_off_id=order_id,
                      attempt=worker * 10000 + done)
                if luck.random() < 0.02:
                    raise InterruptedError("given up after the number was taken")
        except InterruptedError:
            continue
        done += 1
"""


def test_ten_thousand_invoices_by_eight_processes_have_no_gap(real_app, committed, fresh_database):
    orders = [str(certified_order(invoiced_contract()).id) for _issuer in range(4)]
    db.session.remove()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, fresh_database, str(worker), str(EACH), *orders], cwd=ROOT, env=environment,
        )
        for worker in range(PROCESSES)
    ]  # fmt: skip
    assert [writer.wait(timeout=900) for writer in writers] == [0] * PROCESSES
    committed.expire_all()
    assert committed.scalar(select(func.count()).select_from(Invoice)) == PROCESSES * EACH
    assert queries.find_gaps(committed) == []
    lasts = committed.execute(text("SELECT issuer_id, count(*), max(sequence) FROM invoices GROUP BY issuer_id")).all()
    assert len(lasts) == 4
    assert all(count == last for _issuer, count, last in lasts)
    out_of_order = text(
        "SELECT count(*) FROM (SELECT issued_on, lag(issued_on) OVER (PARTITION BY issuer_id ORDER BY sequence) AS before "
        "FROM invoices) AS dated WHERE issued_on < before"
    )
    assert committed.scalar(out_of_order) == 0
    check_sample(committed)


def check_sample(session: Session) -> None:
    """Two hundred of them are rendered, and what is inside is valid against the schema."""
    ids = list(session.scalars(select(Invoice.id).order_by(Invoice.id)))
    chosen = random.Random(5).sample(ids, SAMPLE)
    contents = list(session.scalars(select(Invoice.content).where(Invoice.id.in_(chosen))))
    with ProcessPoolExecutor(2, get_context("spawn")) as renderers:
        assert sum(renderers.map(is_valid, contents, chunksize=10)) == SAMPLE


def is_valid(content: dict[str, Any]) -> bool:
    """Whether the XML of an invoice keeps to the schema and is the one inside its PDF."""
    document = from_content(content)
    xml = as_xml(document)
    assert xml_check_xsd(xml, flavor="factur-x", level="en16931")
    return bool(get_xml_from_pdf(as_pdf(document, xml), check_xsd=False)[1] == xml)


def test_two_who_invoice_the_same_order_at_once_make_one_invoice(real_app, committed):
    running = invoiced_contract()
    order_id = certified_order(running).id

    def draw(_client: int) -> str:
        with real_app.app_context():
            try:
                return draw_call_off_invoice(running.holder, order_id).number
            except RuleBroken as refused:
                return refused.code

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(draw, range(8)))
    assert answers.count("already_invoiced") == 7
    assert queries.find_gaps(committed) == []


def test_two_who_credit_the_same_invoice_at_once_make_one_credit_note(real_app, committed):
    running = invoiced_contract()
    invoice_id = draw_call_off_invoice(running.holder, certified_order(running).id).id

    def credit(_client: int) -> str:
        with real_app.app_context():
            try:
                return credit_invoice(running.holder, invoice_id, "Erreur").kind
            except RuleBroken as refused:
                return refused.code

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(credit, range(8)))
    assert (answers.count("credit_note"), answers.count("invoice_credited")) == (1, 7)


def test_two_who_settle_a_contract_at_once_get_the_same_true_up(real_app, committed):
    running = invoiced_contract()
    certified_order(running, 100)
    contract_id = running.contract.id
    with transaction() as session:
        over = "UPDATE contracts SET starts_on = starts_on - 2000, ends_on = starts_on - 1 WHERE id = :id"
        session.execute(text(over), {"id": contract_id})
    db.session.remove()

    def settle(_client: int) -> bool:
        with real_app.app_context():
            return settle_contract(running.centre, contract_id)[1]

    with ThreadPoolExecutor(8) as clients:
        assert sum(clients.map(settle, range(8))) == 1
    assert committed.scalar(text("SELECT count(*) FROM settlements")) == 1
