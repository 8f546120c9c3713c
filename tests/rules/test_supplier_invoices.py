"""A supplier's Factur-X file is read with suspicion, and what differs from the order is named line by line."""
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from marketplace.platform.documents import Sheet
from marketplace.platform.errors import RuleBroken
from tenders.contracts.invoicing.factur_x import reading
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.invoicing.factur_x.reading import read_invoice
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.rules.comparing import FIELDS, Ordered, differences
from tests.factories.invoices import CLINIC, HOLDER, invoice, line

ORDER = Ordered(
    Decimal(300), 36, Decimal("4.1000"), Decimal("44280.00"), Decimal("0.20"), HOLDER.siren or "", CLINIC.siren or ""
)  # fmt: skip
BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>"""
LEAK = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"""


def refused(content: bytes) -> str:
    """The code with which a file is turned away."""
    with pytest.raises(RuleBroken) as why:
        read_invoice(content)
    assert why.value.details["field"] == "file"
    return why.value.code


def found(document, order=ORDER) -> list[tuple[str, str, str]]:
    """What differs: field, ordered, invoiced."""
    received, _xml = read_invoice(as_xml(document))
    return [(each.field, each.ordered, each.invoiced) for each in differences(received, order)]


@pytest.mark.parametrize("write", [as_xml, as_pdf], ids=["xml", "pdf"])
def test_what_we_write_is_what_is_read(write):
    received, xml = read_invoice(write(invoice()))
    assert xml == as_xml(invoice())
    assert (received.number, received.purchase_order_reference) == ("GR-2026-000012", "BC-2026-118")
    assert [str(sum_) for sum_ in (received.excl_vat, received.vat, received.incl_vat)] == ["44280.00", "8856.00", "53136.00"]
    assert received.lines[0].vat_rate == Decimal("0.2")
    assert differences(received, ORDER) == ()


def test_an_order_invoiced_in_several_lines_does_not_differ():
    assert found(invoice(line(5400), line(5400))) == []


def test_units_at_the_price_of_the_whole_term_do_not_differ():
    assert found(invoice(line(300, "147.6000"))) == []


def test_quantity_price_and_totals_are_named():
    assert found(invoice(line(10800, "4.2000"))) == [
        ("unit_price", "4.10", "4.20"), ("total_excl_vat", "44280", "45360"), ("total_vat", "8856", "9072"),
        ("total_incl_vat", "53136", "54432"),
    ]  # fmt: skip
    assert found(invoice(line(10000)))[0] == ("quantity", "10800", "10000")


def test_another_vat_rate_is_named():
    assert found(invoice(line(rate="0.10")))[0] == ("vat_rate", "20", "10")


def test_another_seller_or_buyer_is_named():
    assert ("parties", HOLDER.siren, CLINIC.siren) in found(invoice(issuer=replace(HOLDER, siren=CLINIC.siren)))


@pytest.mark.parametrize(("wrong", "right", "field"), [
    (b"<ram:LineTotalAmount>44280.00</ram:LineTotalAmount>", b"<ram:LineTotalAmount>44281.00</ram:LineTotalAmount>", "amount"),
    (b"<ram:GrandTotalAmount>53136.00", b"<ram:GrandTotalAmount>53137.00", "total_incl_vat"),
    (b"<ram:InvoiceCurrencyCode>EUR", b"<ram:InvoiceCurrencyCode>USD", "currency"),
])  # fmt: skip
def test_an_invoice_that_does_not_add_up_is_said_to_be_wrong(wrong, right, field):
    received, _xml = read_invoice(as_xml(invoice()).replace(wrong, right, 1))
    fields = [each.field for each in differences(received, ORDER)]
    assert field in fields
    assert set(fields) <= set(FIELDS)
    assert {each.sentence.code for each in differences(received, ORDER)} <= {"invoice_differs", "invoice_in_other_currency"}


def test_another_party_has_its_own_sentence():
    received, _xml = read_invoice(as_xml(invoice(buyer=replace(CLINIC, siren=HOLDER.siren))))
    said = [each.sentence for each in differences(received, ORDER)]
    assert [(each.code, each.values["who"].code) for each in said] == [("invoice_of_other_party", "party")]


@pytest.mark.parametrize("content", [
    b"", b"nothing", b"%PDF-1.7 cut short", BOMB, LEAK, b"<a>", b"\x00\x01", b"%PDF-" + b"a" * 5000
])  # fmt: skip
def test_a_damaged_or_hostile_file_is_unreadable(content):
    assert refused(content) == "invoice_file_unreadable"


@settings(deadline=None)  # a reader that searches a damaged file for its pieces takes its time on a loaded machine
@given(st.binary(max_size=400), st.integers(0, 15000), st.integers(1, 300))
def test_a_file_damaged_anywhere_is_read_or_refused_never_an_accident(noise, start, length):
    content = as_pdf_once()
    damaged = content[:start] + noise + content[start + length :]
    try:
        received, _xml = read_invoice(damaged)
    except RuleBroken as why:
        assert why.code.startswith("invoice_file_")
    else:
        assert received.lines


WHOLE: list[bytes] = []


def as_pdf_once() -> bytes:
    """One rendered invoice for every example."""
    if not WHOLE:
        WHOLE.append(as_pdf(invoice()))
    return WHOLE[0]


def test_a_pdf_without_xml_is_refused():
    assert refused(Sheet("Devis").written()) == "invoice_file_without_xml"


def test_xml_with_too_few_or_other_things_is_refused():
    assert refused(b"<a/>") == "invoice_file_without_lines"
    minimum = as_xml(invoice()).replace(b"urn:cen.eu:en16931:2017", b"urn:factur-x.eu:1p0:minimum")
    assert refused(minimum) == "invoice_file_without_lines"


def test_xml_against_the_schema_is_refused_with_its_line():
    with pytest.raises(RuleBroken) as why:
        read_invoice(as_xml(invoice()).replace(b"<ram:TypeCode>380</ram:TypeCode>", b"<ram:Other/>"))
    assert (why.value.code, why.value.details["line"] > 1) == ("invoice_file_not_valid", True)


def test_figures_that_are_none_are_refused():
    assert refused(as_xml(invoice()).replace(b"10800.00", b"1" * 20)) == "invoice_file_unreadable"


def test_sizes_have_limits(monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_FILE", 100)
    assert refused(as_xml(invoice())) == "invoice_file_too_large"
    monkeypatch.setattr(reading, "LARGEST_FILE", 10**7)
    monkeypatch.setattr(reading, "LARGEST_XML", 100)
    assert refused(as_pdf_once()) == "invoice_file_unreadable"


def test_an_attachment_that_inflates_without_end_is_refused():
    writer = PdfWriter(clone_from=PdfReader(BytesIO(Sheet("Facture").written())))
    writer.add_attachment("factur-x.xml", b"<a>" + b" " * (reading.LARGEST_XML + 1) + b"</a>")
    written = BytesIO()
    writer.write(written)
    assert refused(written.getvalue()) == "invoice_file_unreadable"
