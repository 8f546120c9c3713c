"""Forms of the grappes pages; figures left empty are as the chosen preset says."""
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from marketplace.accounts.forms import REQUIRED, CheckboxesField
from marketplace.grappes.rules.charter import (
    LEGAL_FORM_NAMES,
    LEGAL_FORMS,
    LONGEST_NOTICE_DAYS,
    PRESET_NAMES,
    PRESETS,
    CharterTerms,
)
from marketplace.grappes.schemas import LARGEST_GRAPPE

AS_PRESET = SelectChoice("", _l("Comme le modèle"))
VOTING_NAMES = {
    "one_member_one_vote": _l("Un membre, une voix"),
    "by_volume": _l("Au volume"),
    "both_majorities": _l("Double majorité : membres et volume"),
}
SHORTFALL_NAMES = {
    "own_only": _l("Chacun ne répond que de son volume"),
    "pro_rata": _l("Partagé au prorata des volumes"),
}
SURPLUS_NAMES = {
    "own_only": _l("Reste au membre qui l'a accepté"),
    "pro_rata": _l("Proposé à tous au prorata des marges"),
}
YES_NO = [AS_PRESET, SelectChoice("yes", _l("Oui")), SelectChoice("no", _l("Non"))]
_TEXTS = {"yes": True, "no": False}


def choices_of(names: Mapping[str, Any]) -> list[SelectChoice]:
    """Code → words as the choices of a field."""
    return [SelectChoice(code, words) for code, words in names.items()]


class TermsForm(FlaskForm):
    """Parameters of a charter."""

    legal_form = SelectField(
        _l("Forme juridique"), [REQUIRED], choices=[SelectChoice(f, _l(LEGAL_FORM_NAMES[f])) for f in LEGAL_FORMS]
    )
    preset = SelectField(
        _l("Modèle de convention"),
        choices=[
            SelectChoice("", _l("Le plus courant pour cette forme")),
            *[SelectChoice(preset, _l(PRESET_NAMES[preset])) for preset in PRESETS],
        ],
    )
    categories = CheckboxesField(
        _l("Catégories réunies"), [InputRequired(_l("Choisissez au moins une catégorie."))],
        description=_l("Pour chaque catégorie, un établissement n'est que dans une grappe à la fois."),
    )  # fmt: skip
    territory = CheckboxesField(_l("Régions"), description=_l("Aucune case cochée : tout le pays."))
    quorum = IntegerField(
        _l("Quorum, coordinateur compris"),
        [Optional(), NumberRange(2, LARGEST_GRAPPE, _l("Un quorum de 2 établissements ou plus."))],
        description=_l("Vide : 2 établissements."),
    )  # fmt: skip
    maximum_members = IntegerField(
        _l("Nombre maximal de membres"),
        [Optional(), NumberRange(2, LARGEST_GRAPPE, _l("2 établissements ou plus."))],
        description=_l("Vide : pas de maximum."),
    )  # fmt: skip
    exit_notice_days = IntegerField(
        _l("Préavis de départ, en jours"),
        [Optional(), NumberRange(0, LONGEST_NOTICE_DAYS, _l("Entre 0 et 365 jours."))],
        description=_l("Vide : comme le modèle."),
    )  # fmt: skip
    lock_in = SelectField(_l("Pas de départ tant qu'un besoin ferme est ouvert"), choices=YES_NO)
    coordinator_enters_needs = SelectField(
        _l("Le coordinateur peut saisir les besoins des membres"), choices=YES_NO,
        description=_l("Un besoin ferme reste toujours signé par le membre."),
    )  # fmt: skip
    voting_rule = SelectField(_l("Règle de vote"), choices=[AS_PRESET, *choices_of(VOTING_NAMES)])
    shortfall_sharing = SelectField(_l("Volume manquant"), choices=[AS_PRESET, *choices_of(SHORTFALL_NAMES)])
    surplus_sharing = SelectField(_l("Volume en plus"), choices=[AS_PRESET, *choices_of(SURPLUS_NAMES)])

    def _chosen(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {
            "legal_form": self.legal_form.data,
            "categories": self.categories.data or [],
            "territory": self.territory.data or [],
        }
        for name in ("quorum", "maximum_members", "exit_notice_days"):
            if self[name].data is not None:
                chosen[name] = self[name].data
        for name in ("lock_in", "coordinator_enters_needs"):
            if self[name].data in _TEXTS:
                chosen[name] = _TEXTS[self[name].data]
        for name in ("voting_rule", "shortfall_sharing", "surplus_sharing"):
            if self[name].data:
                chosen[name] = self[name].data
        return chosen

    def terms(self) -> dict[str, Any]:
        """What was chosen, by parameter; what was left to the preset is left out."""
        return {**self._chosen(), "preset": self.preset.data or None}


class AmendForm(TermsForm):
    """The same to amend: every condition is shown, so no preset stands for them."""

    preset = None

    def terms(self) -> dict[str, Any]:
        """What is to be changed; an emptied maximum means no maximum any more."""
        return {**self._chosen(), "maximum_members": self.maximum_members.data}

    def show(self, terms: CharterTerms) -> None:
        """Fill the fields with the terms in force."""
        for name, value in terms.as_parameters().items():
            if name in ("lock_in", "coordinator_enters_needs"):
                self[name].data = "yes" if value else "no"
            elif name in self:
                self[name].data = value


class FoundForm(TermsForm):
    """A grappe to found."""

    name = StringField(
        _l("Nom de la grappe"), [REQUIRED, Length(max=120)],
        description=_l("Visible de tous, par exemple « Cliniques des Alpes du Nord »."),
    )  # fmt: skip
    coordinator_establishment_id = SelectField(
        _l("Établissement coordinateur"), [REQUIRED],
        description=_l("Un de vos établissements ; il signe la convention en premier."),
    )  # fmt: skip


class ReasonForm(FlaskForm):
    """Why; those concerned read it."""

    reason = TextAreaField(_l("Motif"), [REQUIRED, Length(max=2000)])
