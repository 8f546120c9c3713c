"""The answers and the comparison in words: the same lines on the page, in CSV and in XLSX."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.certifications.rules.states import Scheme
from catalog.offers.search.comparison import Compared, Comparison
from catalog.offers.search.queries import Answer, Found, Question
from catalog.providers import labels
from marketplace.categories.units import unit_word
from marketplace.platform import clock
from marketplace.platform.i18n import day, euros, language, quantity, unit_price
from marketplace.platform.spreadsheets.writing import Cell, as_csv, as_xlsx

FORMATS: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Line:
    """A criterion of the comparison: its name, and for each offer its words, a figure where it is one, whether lowest."""

    title: str
    cells: tuple[str, ...]
    figures: tuple[Cell, ...]
    best: tuple[bool, ...]
    is_number: bool = False


def answers_file(
    answer: Answer, asked: Question, categories: Mapping[str, str], schemes: Mapping[str, Scheme], kind: str
) -> Response:
    """One row an offer, in the page's order."""
    head = [
        _("Fiche"), _("Prestataire"), _("Catégorie"), _("Unité"), _("Prix dû"), _("Quantité demandée"), _("Prix unitaire HT"),
        _("Total HT sur %(n)s mois", n=asked.term_months), _("Minimum"), _("Capacité"), _("Intervient"),
        _("Certificats valables le %(day)s", day=day(answer.valid_on)), _("Activités HDS couvertes"),
    ]  # fmt: skip
    return _file("offres", head, [_answer_row(found, asked, categories, schemes) for found in answer.items], kind)


def _answer_row(
    found: Found, asked: Question, categories: Mapping[str, str], schemes: Mapping[str, Scheme]
) -> list[Cell]:
    secret = None if found.prices_visible else hidden()
    return [
        found.title, found.provider_name, categories.get(found.category, found.category),
        unit_word(found.unit, 1, language()), str(labels.PRICE_PERIODS[found.price_period]), asked.quantity,
        secret or found.unit_price, secret or found.amount, found.minimum_quantity, found.capacity, modes(found.delivery_modes),
        ", ".join(schemes[code].name for code in found.certificates if code in schemes),
        ", ".join(map(str, found.hds_activities)),
    ]  # fmt: skip


def comparison_rows(found: Comparison) -> list[Line]:
    """Every criterion in the order that decides: what it costs, whether it fits, how it is delivered, what is proved."""
    term = _("Total HT sur %(n)s mois", n=found.term_months)
    plain = [
        _line(found, _("Prix unitaire HT"), _unit_price, "unit_price"),
        _line(found, term, lambda c: _euros(c, c.amount), "amount"),
        _line(found, _("Mise en place, une fois"), lambda c: _euros(c, c.mobilisation_amount), "mobilisation_amount"),
        _line(found, _uplift_title(found), lambda c: unit_price(c.uplift) if c.prices_visible else hidden(), "uplift"),
        _line(found, _("Tranches de prix HT"), _brackets),
        _line(found, _("Minimum"), lambda c: _units(c, c.minimum_quantity), "minimum_quantity"),
        _line(found, _("Capacité"), lambda c: _units(c, c.capacity) if c.capacity else _("sans limite déclarée"), "capacity"),
        _line(found, _("Pour %(n)s", n=quantity(found.quantity)), _fits),
        _line(found, _("Prise en charge"), lambda c: _hours(c.response_hours), "response_hours"),
        _line(found, _("Rétablissement"), lambda c: _hours(c.restoration_hours), "restoration_hours"),
        _line(found, _("Heures de service"), lambda c: str(labels.SERVICE_HOURS.get(c.service_hours, "–"))),
        _line(found, _("Engagement"), lambda c: _("%(n)s mois", n=c.commitment_months) if c.commitment_months else "–"),
        _line(found, _("Révision des prix"), lambda c: c.indexation or "–"),
        _line(found, _("Intervient"), lambda c: modes(c.delivery_modes)),
    ]  # fmt: skip
    return [*plain, *_proof_lines(found)]


def hidden() -> str:
    """What stands for a price that is not for this reader."""
    return _("réservé aux acheteurs")


def comparison_file(found: Comparison, kind: str) -> Response:
    """One row a criterion, one column an offer; figures are figures."""
    head = [_("Critère"), *(f"{column.provider_name} : {column.title}" for column in found.columns)]
    rows: list[Sequence[Cell]] = [
        [line.title, *(words if figure is None else figure for words, figure in zip(line.cells, line.figures, strict=True))]
        for line in comparison_rows(found)
    ]
    return _file("comparaison", head, rows, kind)


def modes(codes: Sequence[str]) -> str:
    """Delivery modes in words."""
    return ", ".join(str(labels.DELIVERY_MODES[code]) for code in codes)


def _line(found: Comparison, title: str, words: Callable[[Compared], str], figure: str | None = None) -> Line:
    columns = found.columns
    figures: tuple[Cell, ...] = tuple(getattr(c, figure) if figure else None for c in columns)
    best = tuple(figure is not None and figure in c.best for c in columns)
    return Line(title, tuple(words(c) for c in columns), figures, best, figure is not None)


def _unit_price(c: Compared) -> str:
    if c.unit_price is None:
        return hidden()
    return _("%(price)s par %(unit)s %(period)s", price=unit_price(c.unit_price), unit=unit_word(c.unit, 1, language()),
             period=labels.PRICE_PERIODS[c.price_period])  # fmt: skip


def _euros(c: Compared, amount: Decimal | None) -> str:
    return euros(amount) if c.prices_visible else hidden()


def _uplift_title(found: Comparison) -> str:
    if found.region is None:
        return _("Majoration régionale (aucune région choisie)")
    return _("Majoration en %(region)s", region=labels.TERRITORY_NAMES.get(found.region, found.region))


def _brackets(c: Compared) -> str:
    if not c.prices_visible:
        return hidden()
    return " ; ".join(
        _("dès %(n)s : %(price)s", n=quantity(b.from_quantity), price=unit_price(b.unit_price)) for b in c.brackets
    )


def _fits(c: Compared) -> str:
    return _("possible") if c.fits_quantity else _("hors limites")


def _units(c: Compared, number: int) -> str:
    return f"{quantity(number)} {unit_word(c.unit, number, language())}"


def _hours(hours: int | None) -> str:
    return "–" if hours is None else _("en %(n)s h", n=hours)


def _proof_lines(found: Comparison) -> list[Line]:
    """A line for each certificate or activity that one of them proves on the day, with its last day."""
    lines = []
    for proof, title in _proof_titles(found.schemes).items():
        if any(proof in column.proofs for column in found.columns):
            lines.append(_line(found, title, partial(_until, proof)))
    return lines


def _proof_titles(schemes: Mapping[str, Scheme]) -> dict[str, str]:
    titles: dict[str, str] = {}
    for code, scheme in schemes.items():
        titles[code] = scheme.name
        if code == "hds":
            titles |= {f"hds:{n}": _("HDS, activité %(n)s : %(name)s", n=n, name=name) for n, name in scheme.activities.items()}
    return titles


def _until(proof: str, c: Compared) -> str:
    return _("jusqu'au %(day)s", day=day(c.proofs[proof])) if proof in c.proofs else _("non")


def _file(name: str, head: Sequence[str], rows: Sequence[Sequence[Any]], kind: str) -> Response:
    body = as_csv(head, rows) if kind == "csv" else as_xlsx(head, rows, "Grappe")
    answer = Response(body, content_type=FORMATS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{clock.today():%Y-%m-%d}.{kind}"'
    return answer
