"""Forms of the accounts pages; every field has its label, and help where one could hesitate."""
from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, IntegerField, PasswordField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.platform.permissions import ROLES, SCOPES

REQUIRED = InputRequired(_l("Ce champ est obligatoire."))
ADDRESS = Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", message=_l("Cette adresse est incomplète : il manque par exemple « @ »."))
ROLE_NAMES = {
    "admin": _l("Administrateur : gère les utilisateurs et leurs droits"),
    "signatory": _l("Signataire : engage l'organisation"),
    "buyer": _l("Acheteur : saisit les besoins et prépare les achats"),
    "contributor": _l("Contributeur : propose, sans engager"),
    "viewer": _l("Lecteur : consulte"),
    "operator": _l("Opérateur de la plateforme : vérifie et dépanne"),
}
SCOPE_NAMES = {
    "read": _l("Lire"),
    "write": _l("Écrire : créer et modifier"),
    "sign": _l("Signer : engager l'organisation"),
}


def role_choices(roles: Iterable[str]) -> list[SelectChoice]:
    """Roles as choices of a form, in words."""
    return [SelectChoice(role, ROLE_NAMES[role]) for role in roles]


class CheckboxesField(SelectMultipleField):
    """Several choices as checkboxes, readable without JavaScript."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = StringField(_l("Adresse électronique"), [REQUIRED, Length(max=320)])
    password = PasswordField(_l("Mot de passe"), [REQUIRED, Length(max=200)])
    next = HiddenField()


class TokenForm(FlaskForm):
    """A new API token."""

    name = StringField(
        _l("Nom du jeton"), [REQUIRED, Length(max=100)],
        description=_l("Ce qui l'utilisera, par exemple « export vers notre tableur »."),
    )  # fmt: skip
    scopes = CheckboxesField(
        _l("Ce qu'il peut faire"), choices=[SelectChoice(s, SCOPE_NAMES[s]) for s in SCOPES], default=["read"]
    )
    days = IntegerField(
        _l("Durée de vie, en jours"), [REQUIRED, NumberRange(1, 366, _l("Entre 1 et 366 jours."))], default=90
    )


class MemberForm(FlaskForm):
    """Somebody to bring in."""

    email = EmailField(_l("Adresse électronique"), [REQUIRED, Length(max=320), ADDRESS])
    full_name = StringField(_l("Prénom et nom"), [REQUIRED, Length(max=200)])
    roles = CheckboxesField(_l("Droits"), choices=role_choices(ROLES))


class RolesForm(FlaskForm):
    """The rights of a member."""

    roles = CheckboxesField(_l("Droits"), choices=role_choices(ROLES))


class PasswordForm(FlaskForm):
    """Change one's own password."""

    current = PasswordField(_l("Mot de passe actuel"), [REQUIRED, Length(max=200)])
    new = PasswordField(
        _l("Nouveau mot de passe"), [REQUIRED, Length(max=200)],
        description=_l("12 caractères au moins ; une phrase courte convient très bien."),
    )  # fmt: skip


class AskLinkForm(FlaskForm):
    """Ask for a link to choose a password."""

    email = EmailField(_l("Adresse électronique"), [REQUIRED, Length(max=320)])


class NewPasswordForm(FlaskForm):
    """Choose a password from a mailed link."""

    new = PasswordField(
        _l("Nouveau mot de passe"), [REQUIRED, Length(max=200)],
        description=_l("12 caractères au moins ; une phrase courte convient très bien."),
    )  # fmt: skip
