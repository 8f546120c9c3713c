"""How an index revises a contract's prices: a factor over the frozen price, from a formula frozen with the contract.

factor = carried × (fixed share + indexed share × value of the index ÷ its base value), four decimals half-up. The fixed share
is never revised; at the base value the first formula's factor is 1. An amendment may bring another formula: it carries the
factor reached on its day, so that prices do not jump. An amended price grid is written at the conditions of the base month,
and multiplied by the same factor (tenders/contracts/amendments/steps.py).
"""
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from marketplace.platform.errors import N_, BadInput, RuleBroken
from marketplace.platform.months import months_after
from tenders.contracts.status import OVER

STEP: Final = Decimal("0.0001")
UNREVISED: Final = Decimal(1)


@dataclass(frozen=True)
class Formula:
    """A contract's formula. Shares are parts of 1; `interval_months`: the least time between two revisions."""

    base_value: Decimal
    fixed_share: Decimal
    indexed_share: Decimal
    interval_months: int


def revised_factor(formula: Formula, value: Decimal, carried: Decimal = UNREVISED) -> Decimal:
    """By what frozen prices are multiplied when the index stands at `value`; ValueError for a value that is none.

    `carried`: the factor reached when the formula took effect, 1 for a contract's first.
    """
    if value <= 0:
        raise ValueError("an index value is positive")
    exact = formula.fixed_share + formula.indexed_share * value / formula.base_value
    return (carried * exact).quantize(STEP, ROUND_HALF_UP)


def check_formula(formula: Formula) -> None:
    """Refuse a formula whose shares do not make a whole. BadInput by field."""
    errors = {}
    if not 0 <= formula.fixed_share < 1 or formula.fixed_share % STEP:
        errors["fixed_share"] = [N_("Écrivez une part fixe de 0 à moins de 1, par exemple 0,15 ; quatre décimales au plus.")]
    if formula.fixed_share + formula.indexed_share != 1:
        errors["indexed_share"] = [N_("La part fixe et la part indexée font 1 ensemble.")]
    if formula.base_value <= 0:
        errors["base_value"] = [N_("Écrivez la valeur de l'indice au mois de base, plus grande que 0.")]
    if not 1 <= formula.interval_months <= 120:
        errors["interval_months"] = [N_("Écrivez de 1 à 120 mois entre deux révisions.")]
    if errors:
        raise BadInput(errors)


def check_revisable(status: str, effective_on: date, last_day: date) -> None:
    """Refuse a revision nobody could order at: the contract is over, or will be. RuleBroken `revision_of_ended_contract`."""
    if status in OVER or effective_on > last_day:
        raise RuleBroken(
            "revision_of_ended_contract",
            "Aucune commande ne passera à ce prix : le contrat est terminé, ou le sera ce jour-là (dernier jour : {last_day}).",
            field="effective_on", last_day=last_day,
        )  # fmt: skip


def check_before_new_formula(effective_on: date, new_formula_on: date | None) -> None:
    """Refuse a revision by a formula that a signed amendment replaces by then. RuleBroken `formula_changes_before`."""
    if new_formula_on is not None and effective_on >= new_formula_on:
        raise RuleBroken(
            "formula_changes_before",
            "Un avenant signé change la formule le {day} : révisez les prix d'ici là, ou à partir de ce jour par la nouvelle.",
            field="effective_on", day=new_formula_on,
        )  # fmt: skip


def check_can_revise(formula: Formula, since: date, effective_on: date, today: date) -> None:
    """Refuse a revision of the past, or too soon. `since`: the last date of effect, at first the contract's start.

    RuleBroken `revision_in_the_past`, `revision_too_early` with the earliest day.
    """
    if effective_on < today:
        raise RuleBroken(
            "revision_in_the_past",
            "Une révision prend effet aujourd'hui ou plus tard : les commandes déjà passées gardent leur prix.",
            field="effective_on",
        )
    earliest = months_after(since, formula.interval_months)
    if effective_on < earliest:
        raise RuleBroken(
            "revision_too_early", "La formule ne permet pas de révision avant le {earliest}.",
            field="effective_on", earliest=earliest,
        )  # fmt: skip
