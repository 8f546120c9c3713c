"""What a draft asks for, kind by kind, as terms to hold against the contract's; what its kind needs is asked for."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from catalog.offers.rules import PriceGrid, check_grid
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.money import round_cents, round_unit_price
from tenders.contracts.indexation.rules import Formula, check_formula
from tenders.contracts.rules.conclusion import Fee, fee_errors
from tenders.contracts.rules.frozen_prices import freeze_grid


@dataclass(frozen=True)
class NewFormula:
    """A formula that an amendment brings: which index, its base month and value, the shares, the least interval."""

    index_code: str
    base_month: date
    terms: Formula


@dataclass(frozen=True)
class Draft:
    """An amendment as the centre writes it; only what its kind changes is given.

    `minimum_quantity` 0: no minimum any more. `added` and `removed`: establishments. `wanted_on` None: the day of the
    signature. `value_change` None: what the contract's value formula gives.
    """

    kind: str
    reason: str
    legal_basis: str
    wanted_on: date | None = None
    value_change: Decimal | None = None
    grid: PriceGrid | None = None
    maximum_quantity: int | None = None
    maximum_amount: Decimal | None = None
    minimum_quantity: int | None = None
    ends_on: date | None = None
    duration_reason: str | None = None
    added: tuple[UUID, ...] = ()
    removed: tuple[UUID, ...] = ()
    formula: NewFormula | None = None
    fee: Fee | None = None
    text: str | None = None


def check_written(draft: Draft) -> None:
    """An amendment says why. BadInput."""
    if not draft.reason.strip():
        raise BadInput({"reason": [N_("Écrivez pourquoi le contrat est modifié : les membres et le titulaire le liront.")]})


def wanted_of(draft: Draft) -> dict[str, Any]:
    """The fields the draft's kind changes, with the values asked for. BadInput by field for what lacks; `grid_*`."""
    return _WANTED[draft.kind](draft)


def fee_terms(fee: Fee) -> dict[str, Any]:
    """A fee as a term."""
    value = None if fee.value is None else f"{round_unit_price(fee.value):f}"
    return {"kind": fee.kind, "payer": fee.payer, "value": value}


def formula_terms(formula: NewFormula) -> dict[str, Any]:
    """A formula as a term."""
    terms = formula.terms
    return {
        "index_code": formula.index_code.strip(), "base_month": formula.base_month.replace(day=1).isoformat(),
        "base_value": f"{round_unit_price(terms.base_value):f}", "fixed_share": f"{round_unit_price(terms.fixed_share):f}",
        "indexed_share": f"{round_unit_price(terms.indexed_share):f}", "interval_months": terms.interval_months,
    }  # fmt: skip


def amount_term(amount: Decimal | None) -> str | None:
    """An amount as a term: euros to the cent."""
    return None if amount is None else f"{round_cents(amount):f}"


def _prices(draft: Draft) -> dict[str, Any]:
    if draft.grid is None:
        raise BadInput({"grid": [N_("Écrivez les nouvelles tranches de prix : à partir de combien d'unités, à quel prix.")]})
    check_grid(draft.grid)
    return {"grid": freeze_grid(draft.grid)}


def _maximum(draft: Draft) -> dict[str, Any]:
    quantity, amount = draft.maximum_quantity, draft.maximum_amount
    if quantity is None and amount is None:
        raise BadInput({"maximum_quantity": [N_("Écrivez le nouveau maximum, en unités, en euros ou les deux.")]})
    if amount is not None and amount < 0:
        raise BadInput({"maximum_amount": [N_("Un maximum n'est pas négatif.")]})
    wanted = {"maximum_quantity": quantity, "maximum_amount": amount_term(amount)}
    return {field: value for field, value in wanted.items() if value is not None}


def _minimum(draft: Draft) -> dict[str, Any]:
    if draft.minimum_quantity is None:
        raise BadInput({"minimum_quantity": [N_("Écrivez le nouveau minimum, en unités ; 0 : plus de minimum.")]})
    return {"minimum_quantity": draft.minimum_quantity or None}


def _term(draft: Draft) -> dict[str, Any]:
    if draft.ends_on is None:
        raise BadInput({"ends_on": [N_("Écrivez le nouveau dernier jour du contrat.")]})
    reason = (draft.duration_reason or "").strip()
    return {"ends_on": draft.ends_on.isoformat(), **({"duration_reason": reason} if reason else {})}


def _members(draft: Draft) -> dict[str, Any]:
    if not draft.added and not draft.removed:
        raise BadInput({"added": [N_("Donnez au moins un établissement à ajouter ou à retirer.")]})
    return {"added": sorted({str(each) for each in draft.added}), "removed": sorted({str(each) for each in draft.removed})}


def _formula(draft: Draft) -> dict[str, Any]:
    if draft.formula is None:
        raise BadInput({"index_code": [N_("Écrivez la nouvelle formule : indice, mois et valeur de base, parts.")]})
    check_formula(draft.formula.terms)
    return {"formula": formula_terms(draft.formula)}


def _fee(draft: Draft) -> dict[str, Any]:
    if draft.fee is None:
        raise BadInput({"fee": [N_("Écrivez la nouvelle redevance, ou « aucune ».")]})
    errors = fee_errors(draft.fee)
    if errors:
        raise BadInput(errors)
    return {"fee": fee_terms(draft.fee)}


def _other(draft: Draft) -> dict[str, Any]:
    if not (draft.text or "").strip():
        raise BadInput({"text": [N_("Écrivez la clause telle que l'avenant la rédige.")]})
    return {"text": (draft.text or "").strip()}


_WANTED: Final[Mapping[str, Callable[[Draft], dict[str, Any]]]] = {
    "prices": _prices, "maximum": _maximum, "minimum": _minimum, "term": _term, "members": _members,
    "indexation": _formula, "fee": _fee, "other": _other,
}  # fmt: skip
