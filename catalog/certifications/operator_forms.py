"""Forms of the operator: schemes with their versions and activities, published lists and their columns."""
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from catalog.certifications.rules.lists import FIELDS
from catalog.certifications.rules.states import Scheme
from catalog.providers.forms import REQUIRED, choices

COLUMN_NAMES = {
    "name": _l("Nom de la société"), "siren": _l("SIREN (ou SIRET)"), "number": _l("Numéro du certificat"),
    "body": _l("Organisme"), "version": _l("Version du référentiel"), "activities": _l("Activités couvertes"),
    "valid_from": _l("Début de validité"), "valid_until": _l("Fin de validité"), "scope": _l("Périmètre"),
    "sites": _l("Sites d'hébergement"), "subcontractors": _l("Sous-traitants déclarés"),
}  # fmt: skip


class SchemeForm(FlaskForm):
    """A scheme; `code` is chosen once."""

    code = StringField(
        _l("Code"), [REQUIRED, Length(max=40)],
        description=_l("Minuscules, chiffres, tirets bas ; il ne change plus : iso27701."),
    )  # fmt: skip
    name_fr = StringField(_l("Nom en français"), [REQUIRED, Length(max=200)])
    name_en = StringField(_l("Nom en anglais"), [REQUIRED, Length(max=200)])
    maximum_months = IntegerField(_l("Durée maximale, en mois"), [REQUIRED, NumberRange(1, 240)], default=36)
    prerequisite = SelectField(
        _l("Certificat exigé au préalable"), [Optional()],
        description=_l("Sans lui, celui-ci ne vaut rien : comme ISO/IEC 27001 pour HDS."),
    )  # fmt: skip
    names_sites = BooleanField(_l("Ses certificats nomment des sites d'hébergement"))

    def __init__(self, schemes: Mapping[str, Scheme], **options: Any) -> None:
        super().__init__(**options)
        self.prerequisite.choices = choices({"": _l("aucun"), **{code: one.name for code, one in schemes.items()}})

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it, without the code."""
        return {
            "name_fr": self.name_fr.data, "name_en": self.name_en.data, "maximum_months": self.maximum_months.data,
            "prerequisite": self.prerequisite.data or None, "names_sites": self.names_sites.data,
        }  # fmt: skip


class VersionForm(FlaskForm):
    """A version and its window."""

    version = StringField(_l("Version"), [REQUIRED, Length(max=20)], description=_l("Par exemple v3, ou 2028."))
    usable_from = DateField(_l("Utilisable à partir du"), [Optional()], description=_l("Vide : depuis toujours."))
    void_after = DateField(
        _l("Ne vaut plus rien après le"), [Optional()],
        description=_l("Dernier jour compris. Vide : sans fin connue. Les certificats de cette version suivent aussitôt."),
    )  # fmt: skip
    hosting_in_eea = BooleanField(_l("Ne couvre que des sites de l'Espace économique européen"))

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it, without the version's name."""
        days = {name: str(self[name].data) if self[name].data else None for name in ("usable_from", "void_after")}
        return {**days, "hosting_in_eea": self.hosting_in_eea.data}


class ActivityForm(FlaskForm):
    """A numbered part of a scheme."""

    number = IntegerField(_l("Numéro"), [REQUIRED, NumberRange(1, 999)])
    name_fr = StringField(_l("Nom en français"), [REQUIRED, Length(max=200)])
    name_en = StringField(_l("Nom en anglais"), [REQUIRED, Length(max=200)])

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it, without the number."""
        return {"name_fr": self.name_fr.data, "name_en": self.name_en.data}


class LevelForm(FlaskForm):
    """A level at which a scheme certifies."""

    rank = IntegerField(
        _l("Rang"), [REQUIRED, NumberRange(1, 99)], description=_l("1 est le plus bas : 1 substantiel, 2 élevé.")
    )
    name_fr = StringField(_l("Nom en français"), [REQUIRED, Length(max=200)])
    name_en = StringField(_l("Nom en anglais"), [REQUIRED, Length(max=200)])

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it, without the rank."""
        return {"name_fr": self.name_fr.data, "name_en": self.name_en.data}


class ListForm(FlaskForm):
    """A published list to send."""

    scheme = SelectField(_l("Certificat ou qualification"), [REQUIRED])
    listed_on = DateField(_l("Date de la liste"), [REQUIRED], description=_l("Celle que porte la liste, pas celle de l'envoi."))
    file = FileField(
        _l("Fichier"), [REQUIRED], render_kw={"accept": ".csv,.xlsx"},
        description=_l("CSV (UTF-8 ou Windows-1252, point-virgule ou virgule) ou XLSX, les titres en première ligne."),
    )  # fmt: skip

    def __init__(self, schemes: Mapping[str, Scheme], **options: Any) -> None:
        super().__init__(**options)
        self.scheme.choices = choices({code: one.name for code, one in schemes.items()})


class ColumnsForm(FlaskForm):
    """Which column holds what."""

    name = SelectField(COLUMN_NAMES["name"])
    siren = SelectField(COLUMN_NAMES["siren"])
    number = SelectField(COLUMN_NAMES["number"])
    body = SelectField(COLUMN_NAMES["body"])
    version = SelectField(COLUMN_NAMES["version"])
    activities = SelectField(COLUMN_NAMES["activities"])
    valid_from = SelectField(COLUMN_NAMES["valid_from"])
    valid_until = SelectField(COLUMN_NAMES["valid_until"])
    scope = SelectField(COLUMN_NAMES["scope"])
    sites = SelectField(COLUMN_NAMES["sites"], description=_l("Dans une cellule : « nom, adresse (pays) », séparés par |."))
    subcontractors = SelectField(
        COLUMN_NAMES["subcontractors"],
        description=_l("« nom (SIREN) », ou « nom (pays) » hors de France, séparés par |. Déclarés, sans rien prouver."),
    )
    default_version = SelectField(_l("Version, quand la liste n'en dit rien"))

    def __init__(self, titles: Sequence[str], mapping: Mapping[str, int], scheme: Scheme, default: str | None) -> None:
        super().__init__(data={**{name: str(place) for name, place in mapping.items()}, "default_version": default or ""})
        columns = [SelectChoice(str(n), title or f"({n + 1})") for n, title in enumerate(titles)]
        for name in FIELDS:
            self[name].choices = [SelectChoice("", _l("(pas dans ce fichier)")), *columns]
        self.default_version.choices = choices({"": _l("aucune"), **{code: code for code in scheme.versions}})
        if not scheme.versions:
            del self.version
            del self.default_version
        if not scheme.activities:
            del self.activities

    @property
    def mapping(self) -> dict[str, int]:
        """Field → column, of the fields that have one."""
        return {name: int(self[name].data) for name in FIELDS if name in self and self[name].data}
