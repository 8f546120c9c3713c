"""Forms of contracts: conclude one on a decided lot, send the signed PDF."""
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from catalog.providers.forms import REQUIRED, choices
from catalog.providers.submission import figures
from marketplace.platform.files import LARGEST_FILE, Upload, read_upload
from marketplace.platform.i18n import unit_price
from tenders.contracts import labels
from tenders.contracts.rules.conclusion import NO_FEE
from tenders.matching.rules import Eligible

DECIMAL = {"inputmode": "decimal"}


class ContractForm(FlaskForm):
    """What the centre writes of a contract; the offers are those of providers that can hold it."""

    idempotency_key = HiddenField()
    offer = RadioField(_l("Titulaire et fiche publiée"), [REQUIRED])
    reference = StringField(_l("Référence du contrat"), [REQUIRED], description=_l("La vôtre, par exemple 2027-EDR-01."))
    starts_on = DateField(_l("Premier jour"), [REQUIRED])
    ends_on = DateField(
        _l("Dernier jour"), [Optional()], description=_l("Vide : la durée du lot, au plus tard la fin du marché.")
    )
    holder_selection = SelectField(
        _l("Les commandes vont à"), [REQUIRED], choices=choices(labels.SELECTIONS),
        description=_l("Fixé par le premier contrat du lot, le même pour tous les suivants."),
    )  # fmt: skip
    share_percent = StringField(
        _l("Part de ce titulaire, en %"), [Optional()], description=_l("Seulement si les commandes sont partagées."),
        render_kw=DECIMAL,
    )  # fmt: skip
    maximum_quantity = StringField(
        _l("Maximum du contrat"), [Optional()], description=_l("En unités du lot. Vide : le maximum du lot. 0 : rien."),
        render_kw={"inputmode": "numeric"},
    )  # fmt: skip
    duration_reason = TextAreaField(
        _l("Raison d'une durée inhabituelle"), [Optional()], description=_l("Au-delà de la durée permise par le régime.")
    )
    fee_kind = SelectField(_l("Redevance de la centrale"), [REQUIRED], choices=choices(labels.FEE_KINDS))
    fee_payer = SelectField(_l("Payée par"), [Optional()], choices=choices({"": _l("personne"), **labels.FEE_PAYERS}))
    fee_value = StringField(_l("Montant ou pourcentage"), [Optional()], render_kw=DECIMAL)

    def __init__(self, eligible: Sequence[Eligible], period: str, **options: Any) -> None:
        super().__init__(**options)
        self.eligible = {str(row.offer_id): row for row in eligible}
        self.offer.choices = [
            SelectChoice(key, _("%(name)s · %(price)s HT %(period)s", name=row.provider_name, price=shown, period=period))
            for key, row, shown in ((key, row, unit_price(row.unit_price)) for key, row in self.eligible.items())
        ]

    def body(self) -> dict[str, Any]:
        """The form as the API takes it."""
        whole = figures(self.maximum_quantity.data)
        fee = {"kind": self.fee_kind.data, "payer": self.fee_payer.data or None, "value": figures(self.fee_value.data)}
        return {
            "holder_id": str(self.eligible[self.offer.data].provider_id), "offer_id": self.offer.data,
            "reference": self.reference.data.strip(), "starts_on": self.starts_on.data.isoformat(),
            "ends_on": self.ends_on.data.isoformat() if self.ends_on.data else None,
            "holder_selection": self.holder_selection.data, "share_percent": figures(self.share_percent.data),
            "maximum_quantity": int(whole) if whole and whole.isdigit() else whole,
            "duration_reason": self.duration_reason.data or None,
            "fee": None if self.fee_kind.data == NO_FEE.kind and not fee["payer"] and not fee["value"] else fee,
        }  # fmt: skip


class SignatureForm(FlaskForm):
    """The signed contract and the day it was signed."""

    signed_file = FileField(
        _l("Contrat signé"), [REQUIRED], render_kw={"accept": ".pdf"},
        description=_l("Un PDF de 10 Mio au plus. Le voient : votre centrale, le titulaire et les membres."),
    )  # fmt: skip
    signed_on = DateField(_l("Signé le"), [REQUIRED])

    def upload(self) -> Upload:
        """The file that came, once it may be kept; RuleBroken `file_*`."""
        sent = self.signed_file.data
        return read_upload(sent.filename or "", sent.read(LARGEST_FILE + 1))
