"""The form of an offer: it says what the API says, its content is read by the same schema."""
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import FieldList, Form, FormField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from catalog.offers.models import Offer
from catalog.offers.pasting import PastedGrid, WrongCell, read_grid_rows, read_pasted_grid
from catalog.offers.queries import grid_of
from catalog.offers.rules import MOST_BRACKETS
from catalog.providers import labels
from catalog.providers.forms import REQUIRED, choices
from catalog.providers.submission import figures, whole_figure
from marketplace.accounts.forms import CheckboxesField
from marketplace.categories.models import ServiceCategory
from marketplace.categories.units import UNITS, unit_word
from marketplace.platform.errors import N_, BadInput, RuleBroken
from marketplace.platform.i18n import language, sentence
from marketplace.platform.spreadsheets import read_cells

BLANK_ROWS = 3
LARGEST_GRID = 1024 * 1024
MOST_LINES = 200
"""Lines read of a file, empty ones included."""


class BracketForm(Form):
    """One line of the grid; an empty line is left out."""

    from_quantity = StringField(_l("À partir de"))
    unit_price = StringField(_l("Prix unitaire HT"))


class OfferForm(FlaskForm):
    """An offer with its grid. Category, unit and period are chosen once; `begun` leaves them out."""

    category = SelectField(_l("Catégorie"), [REQUIRED])
    title = StringField(_l("Intitulé"), [REQUIRED])
    description = TextAreaField(_l("Description"), [Optional()])
    unit = SelectField(_l("Unité d'œuvre"), [Optional()])
    price_period = SelectField(_l("Le prix est dû"), [Optional()])
    pricing = RadioField(_l("Mode de prix"), [REQUIRED], choices=choices(labels.PRICINGS), default="all_units")
    brackets = FieldList(FormField(BracketForm), max_entries=MOST_BRACKETS)
    pasted_grid = TextAreaField(
        _l("Ou collez la grille"), [Optional()],
        description=_l(
            "Depuis un tableur ou un fichier CSV, deux colonnes : à partir de, prix unitaire HT. "
            "Ce qui est collé remplace les lignes ci-dessus."
        ),
    )  # fmt: skip
    grid_file = FileField(
        _l("Ou envoyez la grille"), [Optional()], render_kw={"accept": ".xlsx,.csv"},
        description=_l("Un fichier XLSX ou CSV des mêmes deux colonnes (première feuille). Il remplace tout ce qui précède."),
    )  # fmt: skip
    mobilisation_amount = StringField(
        _l("Frais de mise en place, en euros HT"), [Optional()],
        description=_l("Payés une fois, quelle que soit la quantité."),
    )  # fmt: skip
    minimum_quantity = StringField(
        _l("Votre minimum"), [Optional()], description=_l("En unités ; en dessous, vous ne répondez pas. Vide : 1.")
    )
    capacity = StringField(_l("Votre capacité"), [Optional()], description=_l("En unités. Vide : sans limite déclarée."))
    regional_uplifts = TextAreaField(
        _l("Majorations par région"), [Optional()],
        description=_l("Une par ligne : code INSEE, deux-points, euros par unité et période. Exemple : 02 : 0,35"),
    )  # fmt: skip
    response_hours = StringField(
        _l("Prise en charge, en heures"), [Optional()], description=_l("Délai garanti avant que quelqu'un réponde.")
    )
    restoration_hours = StringField(
        _l("Rétablissement, en heures"), [Optional()], description=_l("Délai garanti avant que le service reprenne.")
    )
    service_hours = SelectField(_l("Heures de service"), [Optional()])
    commitment_months = StringField(
        _l("Durée d'engagement, en mois"), [Optional()], description=_l("Vide : aucune durée minimale.")
    )
    indexation = TextAreaField(
        _l("Révision des prix"), [Optional()], description=_l("Indice et formule, tels qu'ils figureront au contrat.")
    )
    delivery_modes = CheckboxesField(_l("Modes d'intervention"), choices=choices(labels.DELIVERY_MODES))
    visibility = RadioField(_l("Qui voit vos prix"), [REQUIRED], choices=choices(labels.VISIBILITIES), default="buyers")

    BEGUN = ("category", "unit", "price_period")

    def __init__(self, categories: Sequence[ServiceCategory], *, begun: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.service_hours.choices = choices({"": _("non précisées"), **labels.SERVICE_HOURS})
        if begun:
            for name in self.BEGUN:
                del self[name]
        else:
            names = {category.code: category.name_in(language()) for category in categories}
            self.category.choices = choices(names)
            units = {code: unit_word(code, 1, language()) for code in UNITS}
            self.unit.choices = choices({"": _("celle de la catégorie"), **units})
            self.price_period.choices = choices({"": _("comme d'usage dans la catégorie"), **labels.PRICE_PERIODS})
        if not self.is_submitted():
            while len(self.brackets) < min(MOST_BRACKETS, max(5, self._filled() + BLANK_ROWS)):
                self.brackets.append_entry()

    def _filled(self) -> int:
        return sum(bool(entry.from_quantity.data) for entry in self.brackets)

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it; BadInput for a line of uplifts that cannot be read."""
        written = {
            "title": self.title.data,
            "description": self.description.data or "",
            "pricing": self.pricing.data,
            "mobilisation_amount": figures(self.mobilisation_amount.data) or "0",
            "minimum_quantity": whole_figure(self.minimum_quantity.data) or 1,
            "capacity": whole_figure(self.capacity.data),
            "regional_uplifts": _uplifts(self.regional_uplifts.data),
            "delivery_modes": self.delivery_modes.data or [],
            "visibility": self.visibility.data,
            "response_hours": whole_figure(self.response_hours.data),
            "restoration_hours": whole_figure(self.restoration_hours.data),
            "service_hours": self.service_hours.data or None,
            "commitment_months": whole_figure(self.commitment_months.data),
            "indexation": self.indexation.data or "",
            "brackets": self._grid(),
        }
        if "category" in self:
            written |= {name: self[name].data or None for name in self.BEGUN}
        return written


    def _grid(self) -> list[dict[str, Any]]:
        """The grid as sent, else as pasted, else as typed; BadInput names every wrong cell by its line and column."""
        sent = _sent(self.grid_file.data)
        if sent is not None:
            return _checked("grid_file", sent)
        if (self.pasted_grid.data or "").strip():
            return _checked("pasted_grid", read_pasted_grid(self.pasted_grid.data))
        return [
            {"from_quantity": whole_figure(e.from_quantity.data), "unit_price": figures(e.unit_price.data)}
            for e in self.brackets
            if e.from_quantity.data or e.unit_price.data
        ]


def offer_values(offer: Offer) -> dict[str, Any]:
    """A draft as the form shows it."""
    grid = grid_of(offer)
    plain = ("title", "description", "pricing", "minimum_quantity", "delivery_modes", "visibility", "indexation")
    return {
        **{name: getattr(offer, name) for name in plain},
        "mobilisation_amount": f"{grid.mobilisation_amount:f}",
        "capacity": offer.capacity if offer.capacity is not None else "",
        "service_hours": offer.service_hours or "",
        **{name: getattr(offer, name) or "" for name in ("response_hours", "restoration_hours", "commitment_months")},
        "regional_uplifts": "\n".join(f"{region} : {uplift:f}" for region, uplift in grid.regional_uplifts.items()),
        "brackets": [{"from_quantity": b.from_quantity, "unit_price": f"{b.unit_price:f}"} for b in grid.brackets],
    }



def _sent(chosen: Any) -> PastedGrid | None:
    """The grid in the file that came with the form; None when none was chosen. BadInput when it cannot be read."""
    if chosen is None or isinstance(chosen, str) or not chosen.filename:
        return None
    content = chosen.read(LARGEST_GRID + 1)
    if len(content) > LARGEST_GRID:
        raise BadInput({"grid_file": [N_("Ce fichier dépasse 1 Mio : gardez une feuille de deux colonnes.")]})
    try:
        return read_grid_rows(read_cells(content, most_rows=MOST_LINES))
    except RuleBroken as unreadable:
        raise BadInput({"grid_file": [sentence(unreadable)]}) from unreadable


def _checked(field: str, grid: PastedGrid) -> list[dict[str, Any]]:
    if grid.wrong:
        raise BadInput({field: [_where(cell) for cell in grid.wrong]})
    if not grid.rows:
        raise BadInput({field: [N_("Aucune tranche : deux colonnes, la quantité de départ et le prix unitaire.")]})
    return list(grid.rows)


def _where(cell: WrongCell) -> str:
    reason = sentence(cell.reason)
    return _("Ligne %(line)s, colonne %(column)s : %(reason)s", line=cell.line, column=cell.column, reason=reason)


def _uplifts(text: str | None) -> dict[str, str]:
    found = {}
    for line in (text or "").splitlines():
        region, colon, uplift = line.partition(":")
        if not line.strip():
            continue
        if not colon or not region.strip() or figures(uplift) is None:
            raise BadInput({"regional_uplifts": [N_("Une majoration par ligne : code INSEE, deux-points, euros.")]})
        found[region.strip()] = figures(uplift) or ""
    return found
