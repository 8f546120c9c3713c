"""Forms of certificates: declare one, decide about one."""
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from catalog.certifications.rules.states import Scheme
from catalog.providers.forms import REQUIRED, choices
from catalog.providers.models import HostingSite, Subcontractor
from marketplace.accounts.forms import CheckboxesField
from marketplace.platform.files import LARGEST_FILE, Upload, read_upload

DECISIONS = {
    "verify": _l("Vérifier : il compte dès maintenant"),
    "reject": _l("Refuser"),
    "suspend": _l("Suspendre"),
    "reinstate": _l("Lever la suspension"),
    "withdraw": _l("Retirer"),
}


EVIDENCE_HELP = _l(
    "Le certificat lui-même, en PDF, PNG ou JPEG, 10 Mio au plus. Le voient : vous, la plateforme, et les centrales "
    "dont un lot ouvert en dépend."
)
ACCEPTED = ".pdf,.png,.jpg,.jpeg"


class EvidenceForm(FlaskForm):
    """A piece of evidence to add."""

    evidence = FileField(_l("Preuve"), [REQUIRED], description=EVIDENCE_HELP, render_kw={"accept": ACCEPTED})


def sent_file(form: FlaskForm) -> Upload | None:
    """The file that came with the form, once it may be kept; None when none was chosen."""
    sent = form.evidence.data
    if sent is None or isinstance(sent, str) or not sent.filename:
        return None
    return read_upload(sent.filename, sent.read(LARGEST_FILE + 1))


class CertificateForm(FlaskForm):
    """A certificate to declare; schemes, versions and activities are those the platform knows."""

    scheme = SelectField(_l("Certificat et version"), [REQUIRED])
    number = StringField(_l("Numéro"), [REQUIRED])
    body = StringField(_l("Organisme"), [REQUIRED], description=_l("Qui l'a délivré."))
    scope = TextAreaField(_l("Périmètre"), [Optional()], description=_l("Tel qu'il est écrit sur le certificat."))
    activities = CheckboxesField(
        _l("Activités couvertes"), description=_l("Pour HDS et PASSI : cochez celles de ce certificat.")
    )
    level = SelectField(_l("Niveau"), [Optional()], description=_l("Celui qu'écrit le certificat, par exemple pour PASSI."))
    valid_from = DateField(_l("Valable à partir du"), [REQUIRED])
    valid_until = DateField(_l("Dernier jour de validité"), [REQUIRED])

    holder = SelectField(
        _l("Titulaire"), [Optional()], description=_l("Vous, ou l'un de vos sous-traitants déclarés.")
    )
    sites = CheckboxesField(
        _l("Sites d'hébergement"), description=_l("Pour HDS : ceux que le certificat nomme.")
    )
    evidence = FileField(_l("Preuve"), [Optional()], description=EVIDENCE_HELP, render_kw={"accept": ACCEPTED})

    def __init__(
        self, schemes: Mapping[str, Scheme], subcontractors: Sequence[Subcontractor], sites: Sequence[HostingSite],
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        own = SelectChoice("", _("nous-mêmes"))
        self.holder.choices = [own, *(SelectChoice(str(each.id), each.name) for each in subcontractors)]
        self.sites.choices = [SelectChoice(str(site.id), f"{site.name}, {site.address}") for site in sites]
        self.scheme.choices = [SelectChoice(key, word) for key, word in _versions(schemes)]
        self.level.choices = [SelectChoice("", _("non précisé")), *(
            SelectChoice(f"{scheme.code}:{rank}", f"{scheme.code.upper()} · {name}")
            for scheme in schemes.values() for rank, name in scheme.levels.items()
        )]  # fmt: skip
        self.activities.choices = [
            SelectChoice(f"{scheme.code}:{number}", f"{scheme.code.upper()} {number} · {name}")
            for scheme in schemes.values()
            for number, name in scheme.activities.items()
        ]

    def body_of(self) -> dict[str, Any]:
        """The form as the schema reads it; activities and levels of other schemes are left out."""
        scheme, _colon, version = (self.scheme.data or "").partition(":")
        levelled, _colon, rank = (self.level.data or "").partition(":")
        ticked = [key.partition(":") for key in self.activities.data or []]
        return {
            "scheme": scheme,
            "version": version or None,
            "level": int(rank) if levelled == scheme and rank else None,
            "number": self.number.data,
            "body": self.body.data,
            "scope": self.scope.data or "",
            "activities": [int(number) for code, _colon, number in ticked if code == scheme],
            "valid_from": str(self.valid_from.data),
            "valid_until": str(self.valid_until.data),
            "subcontractor_id": self.holder.data or None,
            "site_ids": self.sites.data or [],
        }


class CertificateDecisionForm(FlaskForm):
    """The platform's decision on a certificate; `possible` are the decisions its state allows."""

    decision = RadioField(_l("Décision"), [REQUIRED])
    reason = TextAreaField(
        _l("Raison"), [Optional()], description=_l("Obligatoire pour refuser, suspendre ou retirer : elle sera lue.")
    )

    def __init__(self, possible: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.decision.choices = choices({code: DECISIONS[code] for code in possible})


def _versions(schemes: Mapping[str, Scheme]) -> list[tuple[str, str]]:
    """`scheme:version` and its words, the newest version of a scheme first."""
    listed = []
    for scheme in schemes.values():
        for version in reversed(list(scheme.versions)):
            listed.append((f"{scheme.code}:{version}", _("%(name)s, version %(version)s", name=scheme.name, version=version)))
        if not scheme.versions:
            listed.append((f"{scheme.code}:", scheme.name))
    return listed
