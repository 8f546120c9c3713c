"""When an amendment may take effect, and how far each kind may go: never below what is ordered, never backwards."""
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence
from tenders.contracts.amendments.words import PRIVATE_BASES, PUBLIC_BASES

AMENDABLE: Final = ("active", "upcoming", "suspended")
UNDER_THE_CODE: Final = ("public_code", "voluntary")
"""Regimes under which a contract is amended by the code de la commande publique, by law or by choice (domain §3)."""


@dataclass(frozen=True)
class Standing:
    """A contract on the day it is amended. `ends_on`: its last day, a termination counted. `last_effect`: when its last
    signed amendment takes effect, None without one."""

    status: str
    ends_on: date
    ordered_quantity: int
    ordered_amount: Decimal
    unit: Sentence
    last_effect: date | None = None
    regime: str = "private"


def bases_for(regime: str) -> tuple[str, ...]:
    """The legal bases to choose from: the public code's where it applies, else the civil code's."""
    return PUBLIC_BASES if regime in UNDER_THE_CODE else PRIVATE_BASES


def check_basis(regime: str, basis: str) -> None:
    """Refuse a basis of the other law. BadInput."""
    if basis not in bases_for(regime):
        raise BadInput({"legal_basis": [N_("Choisissez un fondement du régime de ce marché, dans la liste proposée.")]})


def check_amendable(standing: Standing) -> None:
    """Only a contract that was activated and is not over has versions. RuleBroken `contract_not_amendable`."""
    if standing.status not in AMENDABLE:
        raise RuleBroken(
            "contract_not_amendable",
            "Un avenant modifie un contrat activé et en cours : celui-ci ne l'est pas encore, ou il est terminé.",
            contract_status=standing.status,
        )


def check_effect(standing: Standing, effective_on: date, today: date) -> None:
    """Versions take effect one after the other, from today on, while the contract runs.

    RuleBroken `amendment_in_the_past`, `amendment_before_previous`, `amendment_after_the_end`.
    """
    if effective_on < today:
        raise RuleBroken(
            "amendment_in_the_past",
            "Un avenant prend effet aujourd'hui ou plus tard : les commandes déjà passées gardent leur prix.",
            field="effective_on",
        )
    if standing.last_effect is not None and effective_on < standing.last_effect:
        raise RuleBroken(
            "amendment_before_previous",
            "L'avenant précédent prend effet le {day} : celui-ci ne peut pas prendre effet avant.",
            field="effective_on", day=standing.last_effect,
        )  # fmt: skip
    if effective_on > standing.ends_on:
        raise RuleBroken(
            "amendment_after_the_end",
            "Le contrat finit le {day} : un avenant prend effet ce jour-là au plus tard.",
            field="effective_on", day=standing.ends_on,
        )  # fmt: skip


def check_maximum(standing: Standing, before: dict[str, Any], after: dict[str, Any], effective_on: date, today: date) -> None:
    """Refuse a maximum below what is ordered, below the minimum, or lowered for a day to come.

    `before` and `after`: the terms. RuleBroken `amendment_below_ordered` with the figures, `minimum_above_maximum`,
    `amendment_effective_at_signature`: between the signature and a later day orders could pass a lowered maximum.
    """
    quantity, amount = after["maximum_quantity"], after["maximum_amount"]
    if quantity is not None and quantity < standing.ordered_quantity:
        raise RuleBroken(
            "amendment_below_ordered",
            "{ordered} {unit} sont déjà commandés : le maximum ne peut pas descendre à {maximum}. Écrivez-en un d'au moins "
            "{ordered}.",
            field="maximum_quantity", ordered=standing.ordered_quantity, unit=standing.unit, maximum=quantity,
        )  # fmt: skip
    if amount is not None and Decimal(amount) < standing.ordered_amount:
        raise RuleBroken(
            "amendment_below_ordered",
            "{ordered} € HT sont déjà commandés : le maximum ne peut pas descendre à {maximum} €. Écrivez-en un d'au moins "
            "{ordered} €.",
            field="maximum_amount", ordered=standing.ordered_amount, maximum=Decimal(amount),
        )  # fmt: skip
    check_bounds(after)
    lowered = _below(quantity, before["maximum_quantity"]) or _below(amount, before["maximum_amount"])
    if lowered and effective_on > today:
        raise _at_signature()


def _below(after: Any, before: Any) -> bool:
    return after is not None and (before is None or Decimal(after) < Decimal(before))


def check_bounds(terms: dict[str, Any]) -> None:
    """A minimum lies within its maximum. RuleBroken `minimum_above_maximum`."""
    minimum, maximum = terms["minimum_quantity"], terms["maximum_quantity"]
    if minimum is not None and maximum is not None and minimum > maximum:
        raise RuleBroken(
            "minimum_above_maximum",
            "Le minimum ({minimum}) dépasserait le maximum ({maximum}) : corrigez l'un ou l'autre.",
            minimum=minimum, maximum=maximum,
        )  # fmt: skip


def check_leaving(name: str, committed: int, ordered: int, certified: int, effective_on: date, today: date) -> None:
    """A member leaves with nothing left of its commitment, on the day of the signature.

    `ordered` and `certified` units: an order still under way may be refused, and who left could not place it again.
    RuleBroken `member_still_committed` with what is left, `member_orders_under_way`, `amendment_effective_at_signature`.
    """
    if committed > ordered:
        raise RuleBroken(
            "member_still_committed",
            "{name} est encore engagé pour {left} unités : qu'il les commande ou les cède à un autre membre, puis retirez-le.",
            field="removed", name=name, left=committed - ordered,
        )  # fmt: skip
    if committed > certified:
        raise RuleBroken(
            "member_orders_under_way",
            "L'engagement de {name} tient à des commandes encore en cours, pour {units} unités : attendez leur service fait, "
            "puis retirez-le.",
            field="removed", name=name, units=committed - certified,
        )  # fmt: skip
    if effective_on > today:
        raise _at_signature()


def _at_signature() -> RuleBroken:
    return RuleBroken(
        "amendment_effective_at_signature",
        "Une baisse du maximum ou le retrait d'un membre prend effet le jour de la signature : laissez la date d'effet vide, "
        "sinon des commandes passeraient entre-temps.",
        field="effective_on",
    )


def check_new_term(ends_on: date, effective_on: date) -> None:
    """A term is never shortened into the past. RuleBroken `term_before_effect`."""
    if ends_on < effective_on:
        raise RuleBroken(
            "term_before_effect",
            "Le nouveau dernier jour vient avant la date d'effet de l'avenant : choisissez-en un plus tard.",
            field="ends_on",
        )


def check_formula_effect(effective_on: date, last_revision: date | None) -> None:
    """A new formula follows the revisions already decided. RuleBroken `revision_already_decided`."""
    if last_revision is not None and last_revision > effective_on:
        raise RuleBroken(
            "revision_already_decided",
            "Une révision est déjà décidée pour le {day} : faites prendre effet l'avenant ce jour-là ou plus tard.",
            field="effective_on", day=last_revision,
        )  # fmt: skip


def check_open(*, is_signed: bool, is_withdrawn: bool) -> None:
    """Only a draft is signed or withdrawn. RuleBroken `amendment_not_a_draft`."""
    if is_signed or is_withdrawn:
        raise RuleBroken(
            "amendment_not_a_draft", "Cet avenant n'est plus un projet : il a déjà été signé ou retiré. Rien n'a changé."
        )
