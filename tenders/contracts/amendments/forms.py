"""Forms of amendments: what every one says, the fields of its kind, its signature, and a threshold of the law."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from catalog.offers.pasting import read_pasted_grid
from catalog.providers.forms import REQUIRED, choices
from catalog.providers.submission import figures, whole_figure
from marketplace.accounts.forms import CheckboxesField
from marketplace.platform.errors import BadInput
from marketplace.platform.files import LARGEST_FILE, Upload, read_upload
from marketplace.platform.i18n import sentence
from tenders.contracts import labels as contract_labels
from tenders.contracts.amendments import labels
from tenders.contracts.amendments.rules.effects import bases_for
from tenders.contracts.forms import DECIMAL

NUMERIC: Final = {"inputmode": "numeric"}


class AmendmentForm(FlaskForm):
    """What every amendment says; a kind adds its own fields before."""

    reason = TextAreaField(_l("Raison"), [REQUIRED], description=_l("Les membres et le titulaire la liront."))
    legal_basis = SelectField(_l("Fondement juridique"), [REQUIRED])
    effective_on = DateField(_l("Date d'effet"), [Optional()], description=_l("Vide : le jour où l'avenant signé est déposé."))
    value_change = StringField(
        _l("Ce que l'avenant ajoute à la valeur du contrat, en € HT"), [Optional()], render_kw=DECIMAL,
        description=_l("Un montant négatif en retire. Vide : calculé sur le maximum du contrat."),
    )  # fmt: skip
    OWN: tuple[str, ...] = ()
    """Names of the kind's own fields, shown first."""

    def __init__(self, regime: str, **options: Any) -> None:
        super().__init__(**options)
        bases = {code: labels.BASES[code] for code in bases_for(regime)}
        self.legal_basis.choices = choices(bases)

    def body(self, kind: str) -> dict[str, Any]:
        """The form as the API takes it; BadInput for what cannot be read."""
        return {
            "kind": kind, "reason": self.reason.data, "legal_basis": self.legal_basis.data,
            "effective_on": self.effective_on.data.isoformat() if self.effective_on.data else None,
            "value_change": figures((self.value_change.data or "").replace("−", "-")), **self.own(),
        }  # fmt: skip

    def own(self) -> dict[str, Any]:
        """The kind's own fields."""
        return {}


class PricesForm(AmendmentForm):
    """A whole new grid."""

    brackets = TextAreaField(
        _l("Nouvelles tranches de prix"), [REQUIRED], render_kw={"rows": 5},
        description=_l("Une par ligne : à partir de combien d'unités, point-virgule, prix HT. Exemple : 1 ; 5,00"),
    )  # fmt: skip
    mobilisation_amount = StringField(_l("Mise en service, une fois, en € HT"), [Optional()], render_kw=DECIMAL)
    OWN = ("brackets", "mobilisation_amount")
    kept: Mapping[str, Any] = {}
    """What the grid in force says beside its brackets: the way of pricing and the regions' uplifts stay."""

    def own(self) -> dict[str, Any]:
        read = read_pasted_grid(self.brackets.data or "")
        if read.wrong:
            raise BadInput({"brackets": [
                _("Ligne %(line)s : %(reason)s", line=cell.line, reason=sentence(cell.reason)) for cell in read.wrong
            ]})  # fmt: skip
        mobilisation = figures(self.mobilisation_amount.data) or "0"
        return {"grid": {"brackets": list(read.rows), "mobilisation_amount": mobilisation, **self.kept}}


class MaximumForm(AmendmentForm):
    """A new maximum, in units, in euros or both."""

    maximum_quantity = StringField(_l("Nouveau maximum, en unités"), [Optional()], render_kw=NUMERIC)
    maximum_amount = StringField(_l("Nouveau maximum, en € HT"), [Optional()], render_kw=DECIMAL)
    OWN = ("maximum_quantity", "maximum_amount")

    def own(self) -> dict[str, Any]:
        amount = figures(self.maximum_amount.data)
        return {"maximum_quantity": whole_figure(self.maximum_quantity.data), "maximum_amount": amount}


class MinimumForm(AmendmentForm):
    """A new minimum owed to the holder."""

    minimum_quantity = StringField(
        _l("Nouveau minimum, en unités"), [REQUIRED], render_kw=NUMERIC, description=_l("0 : plus de minimum.")
    )
    OWN = ("minimum_quantity",)

    def own(self) -> dict[str, Any]:
        return {"minimum_quantity": whole_figure(self.minimum_quantity.data)}


class TermForm(AmendmentForm):
    """A new last day."""

    ends_on = DateField(_l("Nouveau dernier jour"), [REQUIRED])
    duration_reason = TextAreaField(
        _l("Raison d'une durée inhabituelle"), [Optional()], description=_l("Au-delà de la durée permise par le régime.")
    )
    OWN = ("ends_on", "duration_reason")

    def own(self) -> dict[str, Any]:
        return {"ends_on": self.ends_on.data.isoformat(), "duration_reason": self.duration_reason.data or None}


class MembersForm(AmendmentForm):
    """Who may order from now on, and who no longer."""

    added = TextAreaField(
        _l("Établissements à ajouter"), [Optional()], description=_l("Un numéro FINESS par ligne.")
    )
    removed = CheckboxesField(_l("Établissements à retirer"), [Optional()])
    OWN = ("added", "removed")
    known: Mapping[str, UUID] = {}
    """FINESS number → establishment, for the numbers that were typed and are known."""

    def numbers(self) -> list[str]:
        """The FINESS numbers that were typed."""
        return [number.strip().upper() for number in (self.added.data or "").split() if number.strip()]

    def own(self) -> dict[str, Any]:
        unknown = [number for number in self.numbers() if number not in self.known]
        if unknown:
            raise BadInput({"added": [_("Numéro FINESS inconnu : %(number)s. Vérifiez-le.", number=unknown[0])]})
        return {"added": [str(self.known[number]) for number in self.numbers()], "removed": self.removed.data or []}


class FormulaForm(AmendmentForm):
    """Another formula of indexation."""

    index_code = StringField(_l("Code de l'indice"), [REQUIRED])
    base_month = DateField(_l("Mois de base"), [REQUIRED], description=_l("Un jour de ce mois."))
    base_value = StringField(_l("Valeur de base"), [REQUIRED], render_kw=DECIMAL)
    fixed_share = StringField(
        _l("Part fixe"), [REQUIRED], render_kw=DECIMAL, description=_l("Entre 0 et 1, par exemple 0,15.")
    )
    indexed_share = StringField(_l("Part indexée"), [REQUIRED], render_kw=DECIMAL, description=_l("Le reste jusqu'à 1."))
    interval_months = StringField(_l("Mois entre deux révisions, au moins"), [REQUIRED], render_kw=NUMERIC)
    OWN = ("index_code", "base_month", "base_value", "fixed_share", "indexed_share", "interval_months")

    def own(self) -> dict[str, Any]:
        shares = {name: figures(self[name].data) for name in ("base_value", "fixed_share", "indexed_share")}
        return {"formula": {
            "index_code": self.index_code.data, "base_month": self.base_month.data.isoformat(), **shares,
            "interval_months": whole_figure(self.interval_months.data),
        }}  # fmt: skip


class FeeForm(AmendmentForm):
    """Another fee of the centre."""

    fee_kind = SelectField(_l("Redevance de la centrale"), [REQUIRED], choices=choices(contract_labels.FEE_KINDS))
    fee_payer = SelectField(
        _l("Payée par"), [Optional()], choices=choices({"": _l("personne"), **contract_labels.FEE_PAYERS})
    )
    fee_value = StringField(_l("Montant ou pourcentage"), [Optional()], render_kw=DECIMAL)
    OWN = ("fee_kind", "fee_payer", "fee_value")

    def own(self) -> dict[str, Any]:
        value = figures(self.fee_value.data)
        return {"fee": {"kind": self.fee_kind.data, "payer": self.fee_payer.data or None, "value": value}}


class OtherForm(AmendmentForm):
    """A clause in words."""

    text = TextAreaField(
        _l("La clause telle que l'avenant la rédige"), [REQUIRED], render_kw={"rows": 6},
        description=_l("Elle ne change ni prix, ni volume, ni durée, ni membres : choisissez pour cela leur propre rubrique."),
    )  # fmt: skip
    OWN = ("text",)

    def own(self) -> dict[str, Any]:
        return {"text": self.text.data}


FORMS: Final[Mapping[str, type[AmendmentForm]]] = {
    "prices": PricesForm, "maximum": MaximumForm, "minimum": MinimumForm, "term": TermForm, "members": MembersForm,
    "indexation": FormulaForm, "fee": FeeForm, "other": OtherForm,
}  # fmt: skip


class AmendmentSignatureForm(FlaskForm):
    """The signed amendment, the day, and why it is signed although a threshold is reached."""

    signed_file = FileField(_l("Avenant signé"), [REQUIRED], render_kw={"accept": ".pdf"})
    signed_on = DateField(_l("Signé le"), [REQUIRED])
    acknowledgement = TextAreaField(
        _l("Pourquoi signer malgré cet avertissement"), [Optional()],
        description=_l("Gardé avec l'avenant et dans le journal, pour qui contrôlera."),
    )  # fmt: skip

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.signed_file.description = labels.READERS.get(kind, labels.READERS_OF_ALL)

    def upload(self) -> Upload:
        """The file that came, once it may be kept; RuleBroken `file_*`."""
        sent = self.signed_file.data
        return read_upload(sent.filename or "", sent.read(LARGEST_FILE + 1))


class ThresholdForm(FlaskForm):
    """A threshold of the law from a day on."""

    code = SelectField(_l("Seuil"), [REQUIRED], choices=choices(labels.THRESHOLDS))
    value = StringField(_l("Valeur"), [REQUIRED], render_kw=DECIMAL, description=_l("En % ou en € HT, comme le dit le seuil."))
    article = StringField(_l("Article"), [REQUIRED], description=_l("Par exemple R2194-8."))
    since = DateField(_l("À partir du"), [REQUIRED])
    source = StringField(_l("Source"), [REQUIRED], description=_l("Où il est publié, pour que chacun puisse le vérifier."))

    def body(self) -> dict[str, Any]:
        """The form as the API takes it."""
        return {
            "code": self.code.data, "value": figures(self.value.data), "article": self.article.data,
            "since": self.since.data.isoformat(), "source": self.source.data,
        }  # fmt: skip


def begun(kind: str, terms: Mapping[str, Any]) -> dict[str, Any]:
    """What a form of this kind shows at first: the terms in force."""
    if kind == "prices":
        rows = [f"{each['from_quantity']} ; {_typed(each['unit_price'])}" for each in terms["grid"]["brackets"]]
        return {"brackets": "\n".join(rows), "mobilisation_amount": _typed(terms["grid"]["mobilisation_amount"])}
    if kind == "maximum":
        return {"maximum_quantity": terms["maximum_quantity"], "maximum_amount": _typed(terms["maximum_amount"])}
    if kind == "minimum":
        return {"minimum_quantity": terms["minimum_quantity"]}
    if kind == "fee":
        fee = terms["fee"]
        return {"fee_kind": fee["kind"], "fee_payer": fee["payer"] or "", "fee_value": _typed(fee["value"])}
    if kind == "indexation" and terms["formula"]:
        return {
            name: _typed(value) if name in ("base_value", "fixed_share", "indexed_share") else value
            for name, value in terms["formula"].items() if name != "base_month"
        }  # fmt: skip
    return {}


def _typed(text: str | None) -> str:
    """A stored decimal as it would be typed."""
    return "" if text is None else f"{Decimal(text).normalize():f}".replace(".", ",")
