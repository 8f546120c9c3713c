"""Forms of the establishments pages."""
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from marketplace.establishments import labels
from marketplace.establishments.rules import LARGEST_FIGURE

REQUIRED = InputRequired(_l("Ce champ est obligatoire."))
PLAUSIBLE = NumberRange(0, LARGEST_FIGURE, _l("Écrivez un nombre entre 0 et 10 000 000, ou laissez la case vide."))


def _figure(label: str) -> IntegerField:
    return IntegerField(label, [Optional(), PLAUSIBLE])


class EstateForm(FlaskForm):
    """What an establishment declares of itself; `version` is the one the person was reading."""

    endpoints = _figure(labels.ESTATE["endpoints"])
    servers = _figure(labels.ESTATE["servers"])
    users_count = _figure(labels.ESTATE["users_count"])
    sites_count = _figure(labels.ESTATE["sites_count"])
    domains_count = _figure(labels.ESTATE["domains_count"])
    backup_tb = _figure(labels.ESTATE["backup_tb"])
    vms_count = _figure(labels.ESTATE["vms_count"])
    staff = _figure(_l("Effectif : salariés et libéraux"))
    essential_operator = BooleanField(_l("Opérateur de services essentiels (OSE)"))
    version = HiddenField()


class BandForm(FlaskForm):
    """The thresholds of one type of establishment."""

    measure = SelectField(_l("Mesure de l'activité"), choices=[SelectChoice(*pair) for pair in labels.MEASURES.items()])
    medium_from = IntegerField(_l("Activité moyenne à partir de"), [REQUIRED, NumberRange(1, LARGEST_FIGURE)])
    high_from = IntegerField(_l("Activité forte à partir de"), [REQUIRED, NumberRange(1, LARGEST_FIGURE)])
    version = HiddenField()


class ExceptionForm(FlaskForm):
    """A FINESS number to accept although its key is wrong."""

    finess = StringField(_l("Numéro FINESS"), [REQUIRED, Length(max=20)])
    reason = StringField(_l("Motif"), [REQUIRED, Length(max=500)])
