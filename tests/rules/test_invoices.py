"""An invoice adds up by EN 16931's rules, says what the law wants, and its XML is valid against the schema."""
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from marketplace.platform.documents.typeface import known_letters
from marketplace.platform.errors import RuleBroken
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.rules.invoice import check_complete, credit_of, totals_of, unit_code, vat_category
from tenders.contracts.invoicing.rules.mentions import drawn_by, mandate_text
from tenders.contracts.invoicing.rules.numbering import invoice_number, missing_numbers
from tenders.contracts.rules.selling import seller_under
from tests.factories.invoices import CLINIC, HOLDER, invoice, line

RAM = {"ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"}
LINES = st.lists(
    st.builds(
        line, st.integers(1, 10**6), st.decimals(0, 10**5, places=4).map(str),
        st.sampled_from(["0.20", "0.10", "0.055", "0.021"]),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def said(xml: bytes, path: str) -> list[str]:
    """Every text of the document under a path of the header's namespace."""
    return [node.text for node in etree.fromstring(xml).iterfind(f".//{path}", RAM)]


@settings(deadline=None)
@given(LINES)
def test_totals_add_up_by_the_rules_of_en_16931(lines):
    totals = totals_of(lines)
    assert totals.lines == sum(each.amount for each in lines)  # BR-CO-10
    assert totals.excl_vat == totals.lines  # BR-CO-13: neither allowances nor charges
    assert totals.vat == sum(share.amount for share in totals.breakdown)  # BR-CO-14
    assert totals.incl_vat == totals.excl_vat + totals.vat  # BR-CO-15
    assert totals.due == totals.incl_vat  # BR-CO-16: nothing prepaid
    for share in totals.breakdown:  # BR-CO-17, BR-S-08
        assert abs(share.amount - share.basis * share.rate) <= Decimal("0.005")
        assert share.basis == sum(each.amount for each in lines if each.vat_rate == share.rate)


def test_half_a_cent_goes_up_and_vat_is_computed_on_the_sum():
    assert line(1, "0.0250").amount == Decimal("0.03")
    shares = totals_of([line(1, "0.03"), line(1, "0.03"), line(1, "0.03")]).breakdown
    assert [(share.basis, share.amount) for share in shares] == [(Decimal("0.09"), Decimal("0.02"))]


@pytest.mark.parametrize("document", [
    invoice(), invoice(line(), line(3, "333.3333", "0.055", unit_code="DAY")), invoice(line(2, "10", "0", vat_category="E")),
    invoice(iban="", purchase_order_reference="", contract_reference="", delivered_on=None),
    replace(credit_of(invoice(), date(2026, 11, 26), "Quantité erronée"), number="GR-2026-000013"),
], ids=["one rate", "two rates", "exempt", "bare", "credit note"])  # fmt: skip
def test_the_xml_is_valid_against_the_schema_of_en_16931(document):
    assert xml_check_xsd(as_xml(document), flavor="factur-x", level="en16931")


def test_the_same_invoice_is_the_same_bytes():
    assert as_xml(invoice()) == as_xml(invoice())


def test_the_xml_says_who_what_and_by_which_order():
    xml = as_xml(invoice())
    assert said(xml, "ram:SpecifiedLegalOrganization/ram:ID") == [HOLDER.siren, CLINIC.siren]
    assert said(xml, "ram:SpecifiedTaxRegistration/ram:ID") == [HOLDER.vat_number, CLINIC.vat_number]
    assert said(xml, "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID") == ["BC-2026-118"]
    assert said(xml, "ram:ContractReferencedDocument/ram:IssuerAssignedID") == ["M-2026-001"]
    assert said(xml, "ram:BilledQuantity") == ["10800.00"]
    assert said(xml, "ram:DuePayableAmount") == ["53136.00"]
    assert said(xml, "ram:SubjectCode") == ["PMD", "PMT", "AAB", "REG"]


def test_a_credit_note_names_what_it_takes_back():
    xml = as_xml(replace(credit_of(invoice(), date(2026, 11, 26), "Quantité erronée"), number="GR-2026-000013"))
    assert said(xml, "ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == ["GR-2026-000012"]
    assert b"<ram:TypeCode>381</ram:TypeCode>" in xml
    assert said(xml, "ram:GrandTotalAmount") == ["53136.00"]


def test_the_page_reads_in_order_and_carries_the_xml():
    document = invoice()
    pdf = as_pdf(document)
    name, xml = get_xml_from_pdf(pdf)
    assert (name, xml) == ("factur-x.xml", as_xml(document))
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    order = ["Facture GR-2026-000012", "Bouclier Numérique SAS", "Clinique du Château", "BC-2026-118", "Détection", "Total HT",
             "Total TTC à payer", "IBAN", "40 €"]  # fmt: skip
    places = [text.find(each) for each in order]
    assert -1 not in places
    assert places == sorted(places)


def test_the_page_declares_pdf_a_3_and_embeds_every_font():
    reader = PdfReader(BytesIO(as_pdf(invoice())))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data()
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata.replace(b'pdfaid:part="3"', b"<pdfaid:part>3</pdfaid:part>")
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        assert "/FontFile2" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
    assert reader.trailer["/Root"]["/OutputIntents"]
    assert reader.trailer["/Root"]["/Lang"] == "fr-FR"


def test_the_typeface_draws_french():
    assert known_letters() >= set("àâäçéèêëîïôöùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛÜŒÆ€«»’–—·°²×…\u00a0\u202f")


@pytest.mark.parametrize(("changes", "code"), [
    ({"issuer": replace(HOLDER, siren=None)}, "invoice_issuer_incomplete"),
    ({"issuer": replace(HOLDER, vat_number=None)}, "invoice_issuer_incomplete"),
    ({"buyer": replace(CLINIC, address=replace(CLINIC.address, lines=()))}, "invoice_buyer_incomplete"),
    ({"lines": ()}, "invoice_without_amount"),
    ({"lines": (line(0),)}, "invoice_without_amount"),
])  # fmt: skip
def test_an_invoice_without_its_compulsory_mentions_is_refused(changes, code):
    with pytest.raises(RuleBroken) as refused:
        check_complete(replace(invoice(), **changes))
    assert refused.value.code == code


def test_a_small_firm_without_vat_needs_no_vat_number():
    exempt = invoice(line(2, "10", "0", vat_category=vat_category(Decimal(0))), issuer=replace(HOLDER, vat_number=None))
    check_complete(exempt)
    assert exempt.totals.breakdown[0].reason == "TVA non applicable, art. 293 B du CGI"


def test_numbers_are_chronological_in_a_series_of_a_year():
    assert [invoice_number(2026, 1), invoice_number(2026, 1234567)] == ["GR-2026-000001", "GR-2026-1234567"]
    assert missing_numbers([1, 2, 4], 5) == [3, 5]


def test_the_holder_invoices_except_in_resale():
    assert seller_under("framework_call_offs", "holder", "centre") == "holder"
    assert seller_under("listing", "holder", "centre") == "holder"
    assert seller_under("resale", "holder", "centre") == "centre"


def test_an_invoice_drawn_under_a_mandate_says_so():
    assert drawn_by("Bouclier", None) == ""
    said = drawn_by("Bouclier", date(2026, 1, 2))
    assert "au nom et pour le compte de Bouclier, en vertu d'un mandat écrit du 02/01/2026" in said
    assert "art. 289" in mandate_text("Bouclier", "732829320")


def test_units_have_their_international_codes():
    assert [unit_code(unit) for unit in ("day", "tb", "endpoint", "plan")] == ["DAY", "E35", "C62", "C62"]
