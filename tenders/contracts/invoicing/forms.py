"""Forms of invoices: credit, payment, what invoices say of one's organisation."""
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from marketplace.platform.i18n import say
from tenders.contracts.invoicing import words
from tenders.contracts.invoicing.models import InvoicingDetails
from tenders.contracts.invoicing.rules.issuing import PAYMENT_DAYS

REQUIRED = InputRequired(_l("Ce champ est obligatoire."))


class CreditForm(FlaskForm):
    """Why an invoice is taken back."""

    reason = TextAreaField(_l("Raison"), [REQUIRED], description=_l("Le client la lira sur l'avoir."))


class PaymentForm(FlaskForm):
    """A payment received."""

    paid_on = DateField(_l("Reçu le"), [REQUIRED])
    means = SelectField(_l("Moyen"), [REQUIRED])
    reference = StringField(_l("Référence du paiement"), [Optional()])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.means.choices = [SelectChoice(code, say(name)) for code, name in words.MEANS_NAMES.items()]


class DetailsForm(FlaskForm):
    """What invoices to come will carry."""

    line_one = StringField(_l("Adresse"), [REQUIRED])
    line_two = StringField(_l("Adresse, suite"), [Optional()])
    postcode = StringField(_l("Code postal"), [REQUIRED])
    town = StringField(_l("Ville"), [REQUIRED])
    country = StringField(_l("Pays"), [REQUIRED], description=_l("En deux lettres, par exemple FR."))
    iban = StringField(_l("IBAN"), [Optional()], description=_l("Imprimé sur les factures que vous émettez."))
    payment_days = IntegerField(
        _l("Délai de paiement, en jours"), [InputRequired(_l("Ce champ est obligatoire."))],
        description=_l("De 0 à 60 jours après la facture. Sans accord contraire, la loi dit 30."),
    )  # fmt: skip
    late_rate = StringField(
        _l("Taux des pénalités de retard"), [Optional()],
        description=_l("Laissez vide pour trois fois le taux de l'intérêt légal."),
    )

    @classmethod
    def showing(cls, details: InvoicingDetails | None) -> "DetailsForm":
        """The form filled with what is known."""
        if details is None:
            return cls(data={"country": "FR", "payment_days": PAYMENT_DAYS})
        names = ("postcode", "town", "country", "iban", "payment_days", "late_rate")
        lines = [*details.address_lines, ""]
        data = {"line_one": lines[0], "line_two": lines[1], **{name: getattr(details, name) for name in names}}
        return cls(data=data)

    def values(self) -> dict[str, Any]:
        """The form as the use case takes it."""
        return {
            "address_lines": [self.line_one.data or "", self.line_two.data or ""], "postcode": self.postcode.data or "",
            "town": self.town.data or "", "country": (self.country.data or "").strip().upper(),
            "iban": self.iban.data or "", "payment_days": self.payment_days.data, "late_rate": self.late_rate.data or "",
        }  # fmt: skip


def kind_word(kind: str) -> str:
    """Facture or avoir, in the reader's language."""
    return say(words.KIND_NAMES[kind])


def title_of(kind: str, number: str) -> str:
    """An invoice's name as a title."""
    return _("%(kind)s %(number)s", kind=kind_word(kind), number=number)
