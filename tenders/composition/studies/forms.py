"""Forms of studies: what to ask, what to accept, what one pays alone."""
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateTimeLocalField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from marketplace.accounts.forms import CheckboxesField
from marketplace.establishments.territory import REGIONS
from marketplace.platform import clock
from tenders.composition.studies.models import StudyPurchase
from tenders.composition.studies.rules.parameters import LONGEST, LONGEST_TERM, SHORTEST, Parameters
from tenders.vehicles.models import Vehicle

REQUIRED = InputRequired(_l("Ce champ est obligatoire."))


class StudyForm(FlaskForm):
    """A question to the optimiser."""

    title = StringField(_l("Titre"), [Optional(), Length(max=200)], description=_l("Vide : la date et l'heure."))
    subject = SelectField(_l("Besoins étudiés"), [REQUIRED])
    categories = CheckboxesField(_l("Catégories"), [InputRequired(_l("Choisissez au moins une catégorie à étudier."))])
    regions = CheckboxesField(_l("Territoire"), [Optional()], description=_l("Rien de coché : toute la France."))
    least_members = IntegerField(
        _l("Membres par achat groupé, au moins"), [REQUIRED, NumberRange(1, 10**6, _l("Donnez un nombre à partir de 1."))],
        default=1,
    )  # fmt: skip
    most_members = IntegerField(
        _l("Membres par achat groupé, au plus"), [Optional(), NumberRange(1, 10**6, _l("Donnez un nombre à partir de 1."))],
        description=_l("Vide : sans limite."),
    )  # fmt: skip
    keep_grappes_together = BooleanField(_l("Garder ensemble les membres d'une même grappe"))
    term_months = IntegerField(
        _l("Durée sur laquelle compter les coûts, en mois"),
        [REQUIRED, NumberRange(1, LONGEST_TERM, _l("Comptez les coûts sur 1 à 48 mois."))], default=36,
        description=_l("Les certificats exigés doivent tenir toute cette durée."),
    )  # fmt: skip
    time_limit = IntegerField(
        _l("Temps de recherche, en secondes"),
        [REQUIRED, NumberRange(SHORTEST, LONGEST, _l("Donnez entre 5 et 900 secondes de recherche."))], default=30,
        description=_l("Plus de temps resserre l'écart au meilleur possible."),
    )  # fmt: skip

    @classmethod
    def for_reader(cls, categories: Mapping[str, str], subjects: Sequence[tuple[str, str]]) -> "StudyForm":
        """The form with what this reader may study: (value, label) of a centre or of a grappe."""
        form = cls()
        form.subject.choices = [SelectChoice(value, label) for value, label in subjects]
        form.categories.choices = [SelectChoice(code, name) for code, name in sorted(categories.items(), key=lambda p: p[1])]
        form.regions.choices = [SelectChoice(code, name) for code, name in sorted(REGIONS.items(), key=lambda p: p[1])]
        return form

    def asked(self) -> Parameters:
        """The wishes as the rules read them."""
        return Parameters(
            categories=tuple(self.categories.data or ()), regions=tuple(self.regions.data or ()),
            least_members=self.least_members.data or 1, most_members=self.most_members.data,
            keep_grappes_together=bool(self.keep_grappes_together.data), time_limit=self.time_limit.data or SHORTEST,
            term_months=self.term_months.data or 1,
        )  # fmt: skip


class AcceptForm(FlaskForm):
    """Which purchases become lots, of which vehicle, and until when their needs are collected."""

    purchases = CheckboxesField(
        _l("Achats groupés à accepter"), [InputRequired(_l("Choisissez au moins un achat groupé à accepter."))]
    )
    vehicle = SelectField(_l("Marché en préparation"), [REQUIRED])
    needs_close_at = DateTimeLocalField(
        _l("Clôture du recueil (heure de Paris)"), [InputRequired(_l("Ce champ est obligatoire."))],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )  # fmt: skip

    @classmethod
    def for_study(
        cls, purchases: Sequence[StudyPurchase], vehicles: Sequence[Vehicle], labels: Mapping[int, str]
    ) -> "AcceptForm":
        """The form with the purchases not accepted yet, all ticked, and the vehicles in preparation."""
        free = [one for one in purchases if one.lot_id is None]
        in_a_month = (clock.paris(clock.now()) + timedelta(days=30)).replace(hour=12, minute=0, second=0, microsecond=0)
        form = cls(data={"purchases": [str(one.number) for one in free], "needs_close_at": in_a_month.replace(tzinfo=None)})
        form.purchases.choices = [SelectChoice(str(one.number), labels[one.number]) for one in free]
        form.vehicle.choices = [SelectChoice(str(one.id), one.name) for one in vehicles]
        return form

    def body(self) -> dict[str, Any]:
        """What the use case takes."""
        return {
            "numbers": [int(number) for number in self.purchases.data or ()],
            "needs_close_at": self.needs_close_at.data.replace(tzinfo=clock.PARIS),
        }


class PriceForm(FlaskForm):
    """What a unit costs one establishment alone."""

    unit_price = StringField(_l("Prix unitaire HT payé seul"), [REQUIRED])


def label_of(one: StudyPurchase, category: str, provider: str, quantity: str) -> str:
    """A purchase in one line, for its tick box."""
    return _("%(n)s · %(category)s · %(provider)s · %(quantity)s", n=one.number, category=category, provider=provider,
             quantity=quantity)  # fmt: skip
