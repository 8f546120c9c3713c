"""The form of a need; it says what the API says, and is read by the same schema (NeedIn)."""
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateTimeLocalField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from marketplace.grappes.models import Grappe
from tenders.demand.models import Need
from tenders.demand.rules.placing import Wish

REQUIRED = InputRequired(_l("Ce champ est obligatoire."))
FIRMNESS = {
    "indicative": _l("Indicatif : pour information, n'engage à rien et ne compte pas"),
    "conditional": _l("Conditionnel : compté, et tenu seulement si la condition est remplie à la clôture"),
    "firm": _l("Ferme : signé par une personne habilitée, engage jusqu'au prix plafond"),
}
FIELD_OF = {
    "grappe_id": "grappe",
    "condition": "firmness",
    "condition.minimum_pool_quantity": "minimum_pool_quantity",
    "condition.maximum_unit_price": "maximum_unit_price",
    "phases": "year_1",
}


class NeedForm(FlaskForm):
    """A need on a lot, in the lot's unit."""

    grappe = SelectField(_l("Réunir par"), [Optional()])
    quantity = IntegerField(_l("Quantité"), [REQUIRED])
    tolerance = IntegerField(
        _l("Marge en plus"), [Optional()],
        description=_l("Ce que vous acceptez au plus en sus, pour compléter une commande entière."),
    )  # fmt: skip
    firmness = RadioField(_l("Engagement"), [REQUIRED], choices=[SelectChoice(*each) for each in FIRMNESS.items()])
    minimum_pool_quantity = IntegerField(
        _l("À condition que soient réunis au moins"), [Optional()],
        description=_l("En unités du lot, votre quantité comprise. Pour un besoin conditionnel."),
    )  # fmt: skip
    maximum_unit_price = StringField(
        _l("À condition que le prix unitaire HT ne dépasse pas"), [Optional()],
        description=_l("En euros, vérifié à l'attribution. Pour un besoin conditionnel."),
    )  # fmt: skip
    price_ceiling = StringField(
        _l("Prix unitaire HT plafond de l'engagement"), [Optional()],
        description=_l("En euros. Vide : le prix de référence du lot. Pour un besoin ferme."),
    )  # fmt: skip
    accept_waitlist = BooleanField(_l("Si le maximum du lot est atteint, me mettre en liste d'attente"))

    years = 0
    """Years of the lot that the need may be spread over, each with its field `year_1`, `year_2`…"""

    @classmethod
    def for_need(
        cls, need: Need | None, grappe: Grappe | None, years: int = 0, proposed: Wish | None = None
    ) -> "NeedForm":
        """The form filled with a need as it stands, proposing the grappe in which the site pools this category.

        Without a need `proposed` fills it: somebody asked to start from there, and still has to send it.
        """
        values: dict[str, Any] = {"firmness": "indicative", "tolerance": 0, "grappe": str(grappe.id) if grappe else ""}
        if need is not None:
            values = _values(need) | {"grappe": str(need.grappe_id or "")}
        elif proposed is not None:
            values |= _values(proposed)
        form = with_years(years)(data=values)
        alone = SelectChoice("", _("aucune grappe, à titre individuel"))
        form.grappe.choices = [alone] if grappe is None else [SelectChoice(str(grappe.id), grappe.name), alone]
        return form

    def body(self) -> dict[str, Any]:
        """The need as the schema reads it; what belongs to another kind of engagement is left out."""
        firmness = self.firmness.data
        condition = {
            "minimum_pool_quantity": self.minimum_pool_quantity.data,
            "maximum_unit_price": _price(self.maximum_unit_price.data),
        }
        return {
            "grappe_id": self.grappe.data or None,
            "quantity": self.quantity.data,
            "firmness": firmness,
            "tolerance": self.tolerance.data or 0,
            "condition": condition if firmness == "conditional" and any(condition.values()) else None,
            "accept_waitlist": self.accept_waitlist.data,
            "price_ceiling": _price(self.price_ceiling.data) if firmness == "firm" else None,
            "phases": self.phases(),
        }

    def validate(self, *args: Any, **options: Any) -> bool:
        """Every field by itself, then the years together: one that is written calls for all of them."""
        is_valid = super().validate(*args, **options)
        missing = [each for each in self.year_fields if each.data is None and self.phases() is not None]
        for each in missing:
            each.errors = [*each.errors] or [_("Écrivez 0 pour une année sans besoin.")]
        return is_valid and not missing

    @property
    def year_fields(self) -> Sequence[IntegerField]:
        """The fields of the years, the first first."""
        return [self._fields[f"year_{number}"] for number in range(1, self.years + 1)]

    def phases(self) -> list[int] | None:
        """The quantities by year, None when none is written."""
        found = [each.data for each in self.year_fields]
        return None if all(quantity is None for quantity in found) else [quantity or 0 for quantity in found]

    def show(self, refusals: Mapping[str, Iterable[str]]) -> list[str]:
        """Put each sentence beside its field; those that belong to no field are returned."""
        homeless: list[str] = []
        for path, sentences in refusals.items():
            name = FIELD_OF.get(path, path)
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, *sentences]
            else:
                homeless += sentences
        return homeless


@cache
def with_years(years: int) -> type[NeedForm]:
    """The form of a lot that runs over so many years."""
    named = {
        f"year_{number}": IntegerField(_l("Année %(number)s", number=number), [Optional()])
        for number in range(1, years + 1)
    }
    return type("NeedForm", (NeedForm,), {"years": years, **named})


def _values(asked: Need | Wish) -> dict[str, Any]:
    """What was asked, as the fields show it."""
    names = ("quantity", "tolerance", "firmness", "minimum_pool_quantity")
    values = {name: getattr(asked, name) for name in names}
    for name in ("maximum_unit_price", "price_ceiling"):
        price = getattr(asked, name)
        values[name] = "" if price is None else f"{price.normalize():f}".replace(".", ",")
    return values | {f"year_{number}": quantity for number, quantity in enumerate(asked.phases or (), 1)}


def _price(written: str | None) -> str | None:
    """A price as people write it, "4,10 €", as the schema reads it."""
    cleaned = (written or "").replace("€", "").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    return cleaned.replace(",", ".") or None


class UndoingForm(FlaskForm):
    """Taking a closing back: everybody reads why; needs are collected again until a date to come."""

    reason = TextAreaField(
        _l("Pourquoi cette clôture est annulée"), [REQUIRED, Length(max=2000)],
        description=_l("Chaque participant le lira."),
    )  # fmt: skip
    needs_close_at = DateTimeLocalField(
        _l("Nouvelle clôture du recueil (heure de Paris)"), [REQUIRED],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        description=_l("Les besoins sont recueillis jusque-là ; le lot est alors clos de nouveau."),
    )  # fmt: skip


class ClosingForm(FlaskForm):
    """Closing a lot at its date: nothing to say."""

    reason = TextAreaField(_l("Raison"), [Optional(), Length(max=2000)])


class EarlyClosingForm(FlaskForm):
    """Closing a lot before its date: everybody reads why."""

    reason = TextAreaField(
        _l("Raison d'une clôture avant la date"), [REQUIRED, Length(max=2000)],
        description=_l("Chaque participant la lira."),
    )  # fmt: skip
