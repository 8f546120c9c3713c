"""The true-up of a contract: made once at the term, from what was certified, told to everybody, invoiced where owed."""
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.platform import clock
from marketplace.platform.errors import NotAllowed, NotFound, RuleBroken
from tenders.contracts.invoicing.content import from_content
from tenders.contracts.invoicing.services.drawing import credit_invoice, draw_shortfall_invoice
from tenders.contracts.models import Contract
from tenders.contracts.settlement import queries, statements
from tenders.contracts.settlement.services import settle_contract, settle_due
from tests.factories.invoices import certified_order, invoiced_contract
from tests.factories.ordering import order


@pytest.fixture(autouse=True)
def ready(session, files_folder):
    """Every test has a session and a folder for its files."""


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def told(session, template: str) -> list[dict]:
    rows = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = :name"), {"name": template})
    return list(rows)


def after(contract: Contract):
    """The day after the contract's last."""
    return clock.frozen_at(clock.now() + timedelta(days=(contract.ends_on - clock.today()).days + 1))


def short_contract():
    """600 and 400 committed, 900 the minimum; 450 and 410 consumed: 40 lack, and only the first member missed its share."""
    running = invoiced_contract((600, 400), minimum=900)
    certified_order(running, 450, 0)
    certified_order(running, 410, 1)
    return running


def test_who_missed_its_share_pays_what_lacks_and_nobody_else(session):
    running = short_contract()
    with after(running.contract):
        made, is_new = settle_contract(running.centre, running.contract.id)
        assert settle_contract(running.centre, running.contract.id) == (made, False)
    assert is_new
    first, second = running.members[0][0].id, running.members[1][0].id
    owed = {share.establishment_id: (share.owed, share.relieved) for share in made.shares}
    assert owed == {first: (40, 110), second: (0, 0)}
    assert (made.minimum, made.committed, made.consumed, made.lacking, made.unattributed) == (900, 1000, 860, 40, 0)
    paying = next(share for share in made.shares if share.owed)
    assert made.amount == paying.amount == (40 * paying.unit_amount).quantize(Decimal("0.01"))
    assert len(made.evidence["call_offs"]) == 2
    assert len(told(session, "contract_settled")[0]["organisation_ids"]) == 2
    results = [each["values"]["result"]["$sentence"][0] for each in told(session, "contract_settled_member")]
    assert sorted(results) == ["share_owed", "share_surplus"]


def test_it_waits_for_the_term_and_for_every_order():
    running = invoiced_contract()
    assert refusal(settle_contract, running.centre, running.contract.id).code == "contract_not_over"
    site, actor = running.members[0]
    order(site, actor, running.lot.id, 10)
    with after(running.contract):
        refused = refusal(settle_contract, running.centre, running.contract.id)
        assert (refused.code, refused.details["orders"]) == ("orders_still_open", 1)
        assert settle_due(clock.now()) == 0


def test_the_scheduler_makes_it_once_the_day_after():
    running = short_contract()
    assert settle_due(clock.now()) == 0
    with after(running.contract):
        assert settle_due(clock.now()) == 1
        assert settle_due(clock.now()) == 0


def test_only_the_centre_decides_and_a_stranger_finds_nothing():
    running, other = invoiced_contract(), invoiced_contract()
    with pytest.raises(NotAllowed):
        settle_contract(running.holder, running.contract.id)
    with pytest.raises(NotFound):
        settle_contract(other.centre, running.contract.id)


def test_a_contract_terminated_before_its_term_charges_its_minimum_to_nobody(session):
    running = short_contract()
    running.contract.terminated_on, running.contract.termination_reason = clock.today(), "Abandon fictif"
    session.commit()
    with clock.frozen_at(clock.now() + timedelta(days=1)):
        made, _is_new = settle_contract(running.centre, running.contract.id)
    assert (made.minimum, made.lacking, made.amount, made.consumed) == (0, 0, 0, 860)


def test_a_member_reads_its_own_lines_and_the_totals(session):
    running = short_contract()
    with after(running.contract):
        made, _is_new = settle_contract(running.centre, running.contract.id)
    (site, member), _other = running.members
    assert [share.establishment_id for share in queries.visible_shares(member, made)] == [site.id]
    assert len(queries.visible_shares(running.holder, made)) == 2
    text_of = " ".join(page.extract_text() for page in PdfReader(BytesIO(statements.as_pdf(made, made.shares))).pages)
    for figure in ("Décompte du marché", "900", "860", "Seuls paient ceux qui ont consommé moins"):
        assert figure in text_of
    sheet = load_workbook(BytesIO(statements.as_workbook(made, made.shares))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[-1][1:5] == (1000, 860, 10, 40)
    assert Decimal(str(rows[-1][5])).quantize(Decimal("0.01")) == made.amount


def test_nobody_changes_a_true_up(session):
    running = short_contract()
    with after(running.contract):
        settle_contract(running.centre, running.contract.id)
    for statement in ("UPDATE settlements SET amount = 0", "DELETE FROM settlement_shares"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(statement))


def test_what_is_owed_is_invoiced_once_by_the_holder():
    running = short_contract()
    buyers = [site.organisation_id for site, _actor in running.members]
    with after(running.contract):
        made, _is_new = settle_contract(running.centre, running.contract.id)
        invoice = draw_shortfall_invoice(running.holder, running.contract.id, buyers[0])
        assert (invoice.excl_vat, invoice.settled_contract_id) == (made.amount, running.contract.id)
        assert "40 postes" in from_content(invoice.content).lines[0].description
        assert refusal(draw_shortfall_invoice, running.holder, running.contract.id, buyers[0]).code == "already_invoiced"
        assert refusal(draw_shortfall_invoice, running.holder, running.contract.id, buyers[1]).code == "nothing_owed"
        credit_invoice(running.holder, invoice.id, "Accord des parties")
        assert draw_shortfall_invoice(running.holder, running.contract.id, buyers[0]).attempt == 1
