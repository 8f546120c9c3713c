"""Forms of exchanges: ask for one, answer one; and of a search for a partner."""
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from catalog.providers import labels
from catalog.providers.forms import REQUIRED, choices
from marketplace.accounts.forms import CheckboxesField
from marketplace.platform.i18n import day
from marketplace.platform.permissions import Seat

ACTS = {
    "write": _l("Écrire, sans changer les jours"),
    "propose": _l("Proposer d'autres jours"),
    "accept": _l("Accepter un jour proposé"),
    "decline": _l("Ne pas donner suite"),
    "close": _l("Clore l'échange"),
}


class _Days(FlaskForm):
    """Up to three days to propose; the API takes five."""

    first_day = DateField(_l("Jour proposé"), [Optional()])
    second_day = DateField(_l("Autre jour possible"), [Optional()])
    third_day = DateField(_l("Troisième jour possible"), [Optional()])

    def days(self) -> list[date]:
        """The days that were filled in."""
        return [field.data for field in (self.first_day, self.second_day, self.third_day) if field.data]


class AskForm(_Days):
    """An exchange to ask for."""

    organisation_id = SelectField(_l("Au nom de"), [REQUIRED])
    subject = StringField(_l("Objet"), [REQUIRED, Length(max=200)], description=_l("Ce dont vous voulez parler, en une ligne."))
    mode = RadioField(_l("Comment"), [REQUIRED], choices=choices(labels.DELIVERY_MODES), default="remote")
    message = TextAreaField(
        _l("Message"), [Optional(), Length(max=4000)],
        description=_l("Ne nommez pas vos patients, ni vos failles : ce message est lu hors de votre établissement."),
    )  # fmt: skip

    def __init__(self, seats: Sequence[Seat], **options: Any) -> None:
        super().__init__(**options)
        self.organisation_id.choices = [SelectChoice(str(seat.organisation_id), seat.name) for seat in seats]

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it, without the offer."""
        return {
            "organisation_id": self.organisation_id.data, "subject": self.subject.data, "mode": self.mode.data,
            "days": [str(each) for each in self.days()], "message": self.message.data or "",
        }  # fmt: skip


class AnswerForm(_Days):
    """An answer; `possible` are the acts of this side, `proposed` the days it may accept."""

    act = RadioField(_l("Votre réponse"), [REQUIRED])
    accepted_on = SelectField(_l("Jour accepté"), [Optional()])
    message = TextAreaField(
        _l("Message"), [Optional(), Length(max=4000)],
        description=_l("Obligatoire pour écrire ou ne pas donner suite ; l'heure se convient ici."),
    )  # fmt: skip

    def __init__(self, possible: Sequence[str], proposed: Sequence[date], **options: Any) -> None:
        super().__init__(**options)
        self.act.choices = choices({code: ACTS[code] for code in possible})
        self.accepted_on.choices = [SelectChoice(str(each), day(each)) for each in proposed]

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it: days only with the act that names them."""
        return {
            "act": self.act.data, "message": self.message.data or "",
            "days": [str(each) for each in self.days()] if self.act.data == "propose" else [],
            "accepted_on": self.accepted_on.data or None if self.act.data == "accept" else None,
        }  # fmt: skip


class PartnerSearchForm(FlaskForm):
    """HDS activities that one does not cover."""

    activities = CheckboxesField(_l("Activités HDS à couvrir par un partenaire"), coerce=int)
    note = TextAreaField(
        _l("Ce que vous cherchez"), [Optional(), Length(max=1000)],
        description=_l("Lu par les prestataires vérifiés, et par eux seuls."),
    )  # fmt: skip

    def __init__(self, missing: Mapping[int, str], **options: Any) -> None:
        super().__init__(**options)
        self.activities.choices = [SelectChoice(number, f"{number} · {name}") for number, name in missing.items()]

    def body(self) -> dict[str, Any]:
        """The form as the schema reads it."""
        return {"activities": self.activities.data or [], "note": self.note.data or ""}
