"""The statement of a true-up on paper and in a spreadsheet: the lines its reader may see, and what they add up to."""
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

from flask import send_file
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.categories.units import unit_word
from marketplace.platform import clock
from marketplace.platform.documents import Column, Sheet
from marketplace.platform.i18n import day, euros, language, quantity, sentence
from marketplace.platform.money import CENT
from marketplace.platform.permissions import Actor
from marketplace.platform.spreadsheets import as_xlsx
from tenders.contracts.settlement.models import Settlement, SettlementShare
from tenders.contracts.settlement.notices import result_of
from tenders.contracts.settlement.queries import visible_shares

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTHS = (64, 22, 24, 18, 20, 26)


def headings() -> list[str]:
    """The columns of the statement."""
    return [_("Établissement"), _("Engagé"), _("Consommé"), _("De plus"), _("À régler"), _("Montant HT")]


def as_pdf(settlement: Settlement, shares: Sequence[SettlementShare]) -> bytes:
    """One PDF/A page or more: the whole in figures, each line, how it was shared."""
    contract = settlement.contract
    title = _("Décompte du marché %(reference)s", reference=contract.reference)
    sheet = Sheet(title, foot=f"{contract.holder.name} · {contract.title}")
    sheet.heading(title, 16)
    decided = clock.paris(settlement.decided_at).date()
    sheet.paragraph(_("%(title)s, jusqu'au %(ends)s. Établi le %(decided)s.",
                      title=contract.title, ends=day(contract.ends_on), decided=day(decided)))  # fmt: skip
    sheet.heading(_("Ensemble"))
    sheet.pairs(_whole(settlement))
    sheet.heading(_("Par établissement"))
    columns = [Column(name, width, place > 0) for place, (name, width) in enumerate(zip(headings(), WIDTHS, strict=True))]
    sheet.rows(columns, [_written(share) for share in shares])
    if shares:
        sheet.paragraph(sentence(result_of(contract, list(shares))))
    sheet.heading(_("Comment ce qui manque est réparti"))
    for line in explanation(settlement):
        sheet.paragraph(line)
    return sheet.written()


def as_workbook(settlement: Settlement, shares: Sequence[SettlementShare]) -> bytes:
    """The lines as a spreadsheet; its last row adds them up."""
    rows: list[list[str | int | Decimal | None]] = [
        [share.establishment.name, share.committed, share.consumed, _surplus(share), share.owed, share.amount]
        for share in shares
    ]
    total = sum((share.amount for share in shares), Decimal(0)).quantize(CENT)
    rows.append([
        _("Total"), sum(share.committed for share in shares), sum(share.consumed for share in shares),
        sum(_surplus(share) for share in shares), sum(share.owed for share in shares), total,
    ])  # fmt: skip
    return as_xlsx(headings(), rows, settlement.contract.reference[:31].translate(_NOT_IN_NAMES))


_NOT_IN_NAMES = str.maketrans("[]:*?/\\'", "--------")


def explanation(settlement: Settlement) -> list[str]:
    """The rule in words, with what it did here."""
    unit = unit_word(settlement.contract.unit, settlement.lacking, language())
    if not settlement.lacking:
        return [_("Le minimum est atteint, ou il n'y en avait pas : personne ne doit rien.")]
    said = [
        _("Il manque %(lacking)s %(unit)s au minimum. Seuls paient ceux qui ont consommé moins que leur engagement, au prorata "
          "de ce qui leur manque ; ce que d'autres ont consommé de plus les soulage d'autant.",
          lacking=quantity(settlement.lacking), unit=unit),
        _("Dans une grappe, les membres s'aident d'abord entre eux, comme leur convention le dit ; les sites d'un même "
          "organisme aussi."),
    ]  # fmt: skip
    if settlement.unattributed:
        said.append(_("%(n)s %(unit)s n'étaient l'engagement de personne : ils ne sont facturés à personne.",
                      n=quantity(settlement.unattributed), unit=unit))  # fmt: skip
    return said


def give_pdf(actor: Actor, settlement: Settlement) -> Response:
    """The statement as an attachment."""
    return _give(as_pdf(settlement, visible_shares(actor, settlement)), PDF, f"decompte-{settlement.contract.reference}.pdf")


def give_xlsx(actor: Actor, settlement: Settlement) -> Response:
    """The spreadsheet as an attachment."""
    content = as_workbook(settlement, visible_shares(actor, settlement))
    return _give(content, XLSX, f"decompte-{settlement.contract.reference}.xlsx")


def _give(content: bytes, kind: str, name: str) -> Response:
    response = send_file(BytesIO(content), kind, as_attachment=True, download_name=name, max_age=0)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _whole(settlement: Settlement) -> list[tuple[str, str]]:
    unit = unit_word(settlement.contract.unit, 2, language())
    return [
        (_("Minimum du marché (%(unit)s)", unit=unit), quantity(settlement.minimum)),
        (_("Engagé par les membres (%(unit)s)", unit=unit), quantity(settlement.committed)),
        (_("Consommé, service fait certifié (%(unit)s)", unit=unit), quantity(settlement.consumed)),
        (_("Manque au minimum (%(unit)s)", unit=unit), quantity(settlement.lacking)),
        (_("À régler, HT"), euros(settlement.amount, cents=True)),
    ]


def _written(share: SettlementShare) -> list[str]:
    figures = (share.committed, share.consumed, _surplus(share), share.owed)
    return [share.establishment.name, *(quantity(figure) for figure in figures), euros(share.amount, cents=True)]


def _surplus(share: SettlementShare) -> int:
    return max(0, share.consumed - share.committed)
