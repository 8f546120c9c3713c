"""Forms of provider profiles and of the platform's decisions."""
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from catalog.providers import labels
from catalog.providers.countries import COUNTRIES
from catalog.providers.submission import figures
from marketplace.accounts.forms import ADDRESS, CheckboxesField
from marketplace.categories.models import ServiceCategory
from marketplace.categories.units import unit_word
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.i18n import language, say

CAPACITY_OF = "capacity-"
REQUIRED = InputRequired(_l("Ce champ est obligatoire."))


def choices(words: Mapping[Any, Any]) -> list[SelectChoice]:
    """Codes and words as WTForms wants them."""
    return [SelectChoice(code, word) for code, word in words.items()]


class ProfileForm(FlaskForm):
    """What a provider says of itself; `profile_form` adds a capacity for each category."""

    description = TextAreaField(
        _l("Présentation"), [Optional()], description=_l("Ce que vous faites, pour qui, en quelques phrases.")
    )
    regions = CheckboxesField(
        _l("Régions servies"), choices=choices(labels.TERRITORY_NAMES),
        description=_l("Une région non cochée n'est pas servie : les lots qui l'exigent ne vous seront pas proposés."),
    )  # fmt: skip
    delivery_modes = CheckboxesField(_l("Modes d'intervention"), choices=choices(labels.DELIVERY_MODES))
    contact_name = StringField(_l("Interlocuteur"), [Optional(), Length(max=200)], description=_l("Prénom et nom."))
    contact_email = EmailField(
        _l("Adresse électronique"), [Optional(), Length(max=320), ADDRESS],
        description=_l("Lue par les acheteurs connectés, jamais par un autre prestataire."),
    )  # fmt: skip
    contact_phone = StringField(_l("Téléphone"), [Optional(), Length(max=40)])

    @property
    def limits(self) -> list[Any]:
        """The fields of the capacities, in the categories' order."""
        return [f for f in self if f.name.startswith(CAPACITY_OF)]

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it; BadInput for a capacity that is no number."""
        typed = {f.name: figures(f.data) for f in self.limits}
        wrong = [name for name, text in typed.items() if text is not None and not _is_count(text)]
        if wrong:
            raise BadInput({name: [N_("Écrivez un nombre entier, ou laissez vide.")] for name in wrong})
        return {
            "description": self.description.data or "",
            "regions": self.regions.data or [],
            "delivery_modes": self.delivery_modes.data or [],
            "capacities": {name.removeprefix(CAPACITY_OF): int(text) for name, text in typed.items() if text},
            **{name: (self[name].data or "").strip() or None for name in ("contact_name", "contact_email", "contact_phone")},
        }


def profile_form(categories: Sequence[ServiceCategory], capacities: Mapping[str, int], provider: Any = None) -> ProfileForm:
    """The form of a profile with one capacity a category, filled from what is known."""
    fields = {
        f"{CAPACITY_OF}{category.code}": StringField(
            f"{category.name_in(language())} ({unit_word(category.unit, 2, language())})", [Optional()],
            render_kw={"inputmode": "numeric"},
        )
        for category in categories
    }  # fmt: skip
    known = {f"{CAPACITY_OF}{code}": str(units) for code, units in capacities.items()}
    form: ProfileForm = type("FilledProfileForm", (ProfileForm,), fields)(obj=provider, data=known)
    return form


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= 10**12


class ProviderDecisionForm(FlaskForm):
    """The platform's decision on a provider."""

    decision = RadioField(
        _l("Décision"), [REQUIRED], choices=choices({"verify": _l("Vérifier"), "refuse": _l("Refuser")})
    )
    reason = TextAreaField(
        _l("Raison"), [Optional()], description=_l("Obligatoire pour refuser : le prestataire la lira.")
    )


class SuspensionForm(FlaskForm):
    """A suspension."""

    until = DateField(_l("Dernier jour"), [REQUIRED])
    reason = TextAreaField(_l("Raison"), [REQUIRED])


class CountryForm(FlaskForm):
    """What is somewhere: names of countries in the reader's language."""

    country = SelectField(_l("Pays"), [REQUIRED], default="FR")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.country.choices = choices({code: say(name) for code, name in COUNTRIES.items()})


class SubcontractorForm(CountryForm):
    """A company that I work with."""

    name = StringField(_l("Nom"), [REQUIRED])
    siren = StringField(_l("SIREN"), [Optional()], description=_l("Neuf chiffres ; obligatoire pour une société française."))

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it."""
        return {"name": self.name.data, "siren": self.siren.data or None, "country": self.country.data}


class SiteForm(CountryForm):
    """A place where data is hosted."""

    name = StringField(_l("Nom"), [REQUIRED])
    address = StringField(_l("Adresse"), [REQUIRED])

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it."""
        return {"name": self.name.data, "address": self.address.data, "country": self.country.data}


class SignUpForm(FlaskForm):
    """A vendor that wants to join."""

    company = StringField(_l("Société"), [REQUIRED, Length(max=200)])
    siren = StringField(_l("SIREN"), [REQUIRED, Length(max=20)], description=_l("Neuf chiffres."))
    vat_number = StringField(_l("Numéro de TVA intracommunautaire"), [Optional(), Length(max=20)])
    full_name = StringField(_l("Prénom et nom"), [REQUIRED, Length(max=200)])
    email = EmailField(
        _l("Adresse électronique professionnelle"), [REQUIRED, Length(max=320), ADDRESS],
        description=_l("Vous y recevrez un lien à ouvrir dans les 24 heures."),
    )  # fmt: skip

    def body(self) -> dict[str, Any]:
        """What the use case takes."""
        names = ("company", "siren", "full_name", "email")
        return {**{name: self[name].data for name in names}, "vat_number": self.vat_number.data or None}
