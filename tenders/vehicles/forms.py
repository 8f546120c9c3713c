"""Forms of vehicles and lots. They say what the API says: their content is read by the same schemas (schemas.py)."""
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from catalog.certifications.rules.states import Scheme
from marketplace.accounts.forms import CheckboxesField
from marketplace.categories.models import ServiceCategory
from marketplace.categories.units import UNITS, unit_word
from marketplace.establishments.territory import COLLECTIVITIES, REGIONS
from marketplace.platform import clock
from marketplace.platform.i18n import language
from tenders.vehicles import labels
from tenders.vehicles.models import Lot
from tenders.vehicles.words import HDS

REQUIRED = InputRequired(_l("Ce champ est obligatoire."))
FIELD_OF = {
    "minimum": "minimum_value",
    "minimum.kind": "minimum_kind",
    "minimum.basis": "minimum_basis",
    "minimum.scope": "minimum_scope",
    "minimum.value": "minimum_value",
    "maximum": "maximum_value",
    "maximum.basis": "maximum_basis",
    "maximum.value": "maximum_value",
    "minimum_policy": "policy_1",
    "requirements.certificates": "certificates",
    "requirements.hds_activities": "hds_activities",
    "requirements.regions": "regions",
    "requirements.delivery_modes": "delivery_modes",
}
"""Where a refusal of the API or of a rule is shown when its field has another name in the form."""


def _choices(words: Mapping[Any, Any]) -> list[SelectChoice]:
    return [SelectChoice(code, word) for code, word in words.items()]


def show_refusals(form: FlaskForm, refusals: Mapping[str, Iterable[str]]) -> list[str]:
    """Put each sentence beside its field; those that belong to no field are returned."""
    homeless: list[str] = []
    for path, sentences in refusals.items():
        stem = path.split(".")[0] if path.split(".")[-1].isdigit() and path.count(".") == 1 else path
        stem = ".".join(stem.split(".")[:2])
        name = FIELD_OF.get(stem, stem)
        if name in form:
            form[name].errors = [*form[name].errors, *sentences]
        else:
            homeless += sentences
    return homeless


class VehicleForm(FlaskForm):
    """What a vehicle is; its switches come from its regime and are reviewed on the next page."""

    name = StringField(
        _l("Nom du marché"), [REQUIRED],
        description=_l("Ce que les établissements liront, par exemple « Sécurité 2027 »."),
    )  # fmt: skip
    technique = SelectField(_l("Forme"), [REQUIRED], choices=_choices(labels.TECHNIQUES))
    regime = SelectField(
        _l("Régime d'achat"), [REQUIRED], choices=_choices(labels.REGIMES),
        description=_l("Il fixe les réglages de départ : maximum, durée, délai de suspension, publication."),
    )  # fmt: skip
    starts_on = DateField(_l("Début"), [REQUIRED])
    ends_on = DateField(
        _l("Fin"), [REQUIRED],
        description=_l("Au plus quatre ans sous le code de la commande publique, sauf raison écrite."),
    )  # fmt: skip
    duration_reason = TextAreaField(
        _l("Raison d'une durée plus longue"), [Optional()],
        description=_l("Publiée avec le marché ; inutile tant que la durée reste dans la limite du régime."),
    )  # fmt: skip

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it: what was left empty is left out."""
        return {
            "name": self.name.data,
            "technique": self.technique.data,
            "regime": self.regime.data,
            "starts_on": str(self.starts_on.data),
            "ends_on": str(self.ends_on.data),
            "duration_reason": self.duration_reason.data or None,
        }


class VehicleEditForm(VehicleForm):
    """A draft vehicle with its switches."""

    maximum_required = BooleanField(_l("Chaque lot doit avoir un maximum"))
    maximum_duration_months = IntegerField(
        _l("Durée au-delà de laquelle une raison est due, en mois"), [Optional()], description=_l("Vide : sans limite.")
    )
    standstill_days = IntegerField(
        _l("Délai de suspension, en jours"), [REQUIRED],
        description=_l("Entre l'envoi électronique des rejets et la signature ; 0 : aucun."),
    )  # fmt: skip
    standstill_days_on_paper = IntegerField(
        _l("Délai de suspension si l'envoi n'est pas électronique, en jours"), [REQUIRED]
    )
    publishes_results = BooleanField(_l("Publier les données essentielles (DECP, OCDS)"))
    allows_late_joining = BooleanField(_l("Des établissements peuvent rejoindre le marché après sa publication"))
    late_joining_fee = StringField(
        _l("Droit d'entrée de qui rejoint après la clôture, HT"), [Optional()],
        description=_l("En euros, une fois. Vide : aucun."),
    )  # fmt: skip
    allows_price_only_award = BooleanField(_l("Le prix peut être le seul critère"))
    allows_individual_needs = BooleanField(_l("Un établissement sans grappe peut déposer un besoin"))
    requires_convention = BooleanField(_l("Commander demande d'avoir signé la convention d'adhésion"))
    membership_fee = StringField(
        _l("Cotisation annuelle des adhérents, HT"), [Optional()],
        description=_l("En euros par an, écrite dans la convention et due dès sa signature. Vide : aucune."),
    )  # fmt: skip

    SWITCHES = (
        "maximum_required",
        "maximum_duration_months",
        "standstill_days",
        "standstill_days_on_paper",
        "publishes_results",
        "allows_late_joining",
        "late_joining_fee",
        "allows_price_only_award",
        "allows_individual_needs",
        "requires_convention",
        "membership_fee",
    )

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it."""
        switches = {name: self[name].data for name in self.SWITCHES}
        fees = {name: _figures(self[name].data) for name in ("late_joining_fee", "membership_fee")}
        return {**super().body(), **switches, **fees}


def _figures(text: str | None) -> str | None:
    """A figure typed the French way ("12 500,50") as the API writes it ("12500.50"); None when left empty."""
    cleaned = "".join((text or "").split()).replace("€", "").replace(",", ".")
    return cleaned or None


class LotForm(FlaskForm):
    """A lot; the categories and the certification schemes fill the choices."""

    code = StringField(
        _l("Code du lot"), [REQUIRED], description=_l("Court et unique dans le marché, par exemple « 3 ».")
    )
    title = StringField(_l("Intitulé"), [Optional()], description=_l("Vide : le nom de la catégorie."))
    category = SelectField(_l("Catégorie"), [REQUIRED])
    kind = SelectField(
        _l("Nature"), [REQUIRED], choices=_choices(labels.LOT_KINDS), default="service",
        description=_l("Un marché support n'existe que si son minimum est atteint."),
    )  # fmt: skip
    unit = SelectField(_l("Unité d'œuvre"), [REQUIRED], description=_l("Ce que l'on compte ; celle de la catégorie."))
    price_period = SelectField(
        _l("Le prix d'une unité est dû"), [REQUIRED], choices=_choices(labels.PRICE_PERIODS), default="month"
    )
    term_months = IntegerField(_l("Durée d'exécution, en mois"), [REQUIRED], default=36)
    order_multiple = IntegerField(
        _l("Commande par multiples de"), [REQUIRED], default=1, description=_l("1 : à l'unité.")
    )
    reference_unit_price = StringField(
        _l("Prix de référence, en euros HT par unité"), [Optional()],
        description=_l("Publié : il montre à chacun à quoi il s'engage et convertit les montants en quantités."),
    )  # fmt: skip
    minimum_kind = SelectField(_l("Minimum"), [REQUIRED], choices=_choices(labels.MINIMUM_KINDS))
    minimum_value = StringField(_l("Valeur du minimum"), [Optional()])
    minimum_basis = SelectField(_l("Le minimum est compté"), choices=_choices(labels.BASES))
    minimum_scope = SelectField(_l("Le minimum vaut"), choices=_choices(labels.MINIMUM_SCOPES))
    maximum_value = StringField(
        _l("Valeur du maximum"), [Optional()], description=_l("Vide : aucun maximum. 0 : rien ne peut être commandé.")
    )
    maximum_basis = SelectField(_l("Le maximum est compté"), choices=_choices(labels.BASES))
    needs_close_at = DateTimeLocalField(
        _l("Clôture du recueil des besoins, heure de Paris"), [REQUIRED], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    policy_1 = SelectField(
        _l("Si le minimum n'est pas atteint, d'abord"),
        description=_l("Publié dans cet ordre ; la première suite possible s'applique et tout le monde est prévenu."),
    )
    policy_2 = SelectField(_l("Sinon, ensuite"))
    policy_3 = SelectField(_l("Sinon, enfin"))
    extension_days = IntegerField(_l("Jours de prolongation"), [REQUIRED], default=15)
    takes_firm_needs = BooleanField(_l("Les établissements peuvent s'engager fermement"), default=True)
    certificates = CheckboxesField(
        _l("Certificats exigés"),
        description=_l("Valables pendant toute la durée du marché."),
    )  # fmt: skip
    hds_activities = CheckboxesField(
        _l("Activités HDS exigées"), coerce=int,
        description=_l("Couvertes par le prestataire et ses sous-traitants déclarés, ensemble."),
    )  # fmt: skip
    regions = CheckboxesField(
        _l("Régions à desservir"), choices=_choices({**REGIONS, **COLLECTIVITIES}),
        description=_l("Aucune cochée : le lot ne demande pas de région en particulier."),
    )  # fmt: skip
    delivery_modes = CheckboxesField(_l("Modes d'intervention exigés"), choices=_choices(labels.DELIVERY_MODES))

    def __init__(
        self, categories: Iterable[ServiceCategory], schemes: Mapping[str, Scheme], **options: Any
    ) -> None:
        super().__init__(**options)
        hds = schemes[HDS].activities if HDS in schemes else {}
        self.certificates.choices = _choices({code: scheme.name for code, scheme in schemes.items()})
        self.hds_activities.choices = _choices({number: f"{number} · {name}" for number, name in hds.items()})
        self.category.choices = _choices({category.code: category.name_in(language()) for category in categories})
        self.unit.choices = _choices({code: unit_word(code, locale=language()) for code in UNITS})
        for step in (self.policy_1, self.policy_2, self.policy_3):
            step.choices = _choices({"": _l("– rien –"), **labels.POLICY_STEPS})

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it."""
        kind, maximum = self.minimum_kind.data, _figures(self.maximum_value.data)
        minimum: dict[str, Any] = {"kind": kind, "scope": self.minimum_scope.data}
        if kind != "none":
            minimum |= {"basis": self.minimum_basis.data, "value": _figures(self.minimum_value.data)}
        plain = ("code", "category", "kind", "unit", "price_period", "term_months", "order_multiple", "extension_days",
                 "takes_firm_needs")  # fmt: skip
        lists = ("certificates", "hds_activities", "regions", "delivery_modes")
        return {
            **{name: self[name].data for name in plain},
            **({"title": self.title.data} if (self.title.data or "").strip() else {}),
            "reference_unit_price": _figures(self.reference_unit_price.data),
            "minimum": minimum,
            "maximum": None if maximum is None else {"basis": self.maximum_basis.data, "value": maximum},
            "needs_close_at": _paris_time(self.needs_close_at.data).isoformat(),
            "minimum_policy": [
                step for step in (self.policy_1.data, self.policy_2.data, self.policy_3.data) if step
            ],
            "requirements": {name: self[name].data for name in lists},
        }


def _paris_time(wall: datetime) -> datetime:
    """A moment read on the wall in Paris."""
    return wall.replace(tzinfo=clock.PARIS)


def lot_values(lot: Lot) -> dict[str, Any]:
    """A lot as the form shows it again."""
    policy = [*lot.minimum_policy, "", "", ""]
    return {
        **{name: getattr(lot, name) for name in ("code", "title", "kind", "unit", "price_period", "term_months",
                                                  "order_multiple", "extension_days", "takes_firm_needs",
                                                  "minimum_kind", "minimum_basis", "minimum_scope", "maximum_basis")},
        "category": lot.category_code,
        "reference_unit_price": _typed(lot.reference_unit_price),
        "minimum_value": _typed(lot.minimum_value),
        "maximum_value": _typed(lot.maximum_value),
        "needs_close_at": clock.paris(lot.needs_close_at).replace(tzinfo=None),
        "policy_1": policy[0],
        "policy_2": policy[1],
        "policy_3": policy[2],
        **{name: lot.requirements.get(name, []) for name in ("certificates", "hds_activities", "regions",
                                                             "delivery_modes")},
    }  # fmt: skip


def _typed(value: Any) -> str:
    """A stored figure as somebody would type it: no trailing zeros, a French comma."""
    if value is None:
        return ""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")
