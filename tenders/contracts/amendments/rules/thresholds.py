"""What amendments are worth against the contract's initial value, and which thresholds of the public code they pass.

Passing one warns, it does not refuse: the centre answers for the basis it chose, and says why. Under the civil code
nothing is compared. Sources: code de la commande publique, R2194-1 (review clause: no cap), R2194-2 and R2194-3 (further
services: 50 % each), R2194-4 (the value is the updated one where prices follow a clause), R2194-5 (unforeseeable: as
R2194-3 and R2194-4), R2194-7 (not substantial), R2194-8 (low value: below the European threshold and below 10 %, 15 %
for works), R2194-9 (changes under R2194-8 are added up; directive 2014/24/EU, article 72: their net value).
"""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from catalog.offers.rules import average_price
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.money import CENT, round_cents
from tenders.contracts.rules.frozen_prices import thaw_grid
from tenders.contracts.rules.term import Term

ADDED_UP: Final = "low_value"
EACH: Final = ("further_services", "unforeseen")


@dataclass(frozen=True)
class Limit:
    """A threshold as it is in force: per cent, or euros excluding VAT, and the article that sets it."""

    value: Decimal
    article: str


@dataclass(frozen=True)
class Worth:
    """A contract's value, euros excluding VAT over the term, and how it was found: maximum_amount, maximum or pooled."""

    amount: Decimal
    how: str


@dataclass(frozen=True)
class Weighed:
    """An amendment against the initial value. `reference`: that value times the index factor in force (R2194-4).

    `cumulated` and `share` (per cent of the reference, None when it is nothing): of this amendment and, for a low-value
    change, of those before it on the same basis. `warnings`: thresholds reached, each with its article and figures.
    """

    initial: Worth
    reference: Decimal
    change: Decimal
    cumulated: Decimal
    share: Decimal | None
    warnings: tuple[Sentence, ...] = ()

    def with_warnings(self, others: Sequence[Sentence]) -> "Weighed":
        """The same with what else the centre has to acknowledge."""
        return replace(self, warnings=(*self.warnings, *others))


def worth_of(terms: Mapping[str, Any], pooled_quantity: int, term: Term) -> Worth:
    """What a contract is worth: its maximum in euros; else its maximum in units, else the units pooled, at the price they
    reach (mobilisation included, uplifts aside) from its first day to the last of these terms."""
    if terms["maximum_amount"] is not None:
        return Worth(Decimal(terms["maximum_amount"]), "maximum_amount")
    average = average_price(thaw_grid(terms["grid"]), pooled_quantity, periods=term.periods)
    price = average * term.periods_until(date.fromisoformat(terms["ends_on"]))
    if terms["maximum_quantity"] is not None:
        return Worth(round_cents(terms["maximum_quantity"] * price), "maximum_quantity")
    return Worth(round_cents(pooled_quantity * price), "pooled_quantity")


def weigh(
    basis: str, change: Decimal, before: Iterable[tuple[str, Decimal]], initial: Worth, factor: Decimal,
    limits: Mapping[str, Limit], *, is_works: bool = False,
) -> Weighed:  # fmt: skip
    """Hold an amendment worth `change` against the initial value. `before`: basis and value of those signed before.

    `limits` by the names of words.THRESHOLDS; empty under the civil code: nothing is compared. `factor`: the index
    factor in force. The order of what came before changes nothing.
    """
    reference = round_cents(initial.amount * factor)
    cumulated = change
    if basis == ADDED_UP:
        cumulated += sum((value for other, value in before if other == ADDED_UP), Decimal(0))
    share = abs(cumulated) * 100 / reference if reference else None
    found: list[Sentence] = []
    if limits and share is None and cumulated and basis in (ADDED_UP, *EACH):
        found.append(UNKNOWN_VALUE)
    elif limits and share is not None and basis == ADDED_UP:
        suffix = "_works" if is_works else ""
        percent, european = limits[f"low_value_percent{suffix}"], limits[f"european_amount{suffix}"]
        found += _low_value(cumulated, share, reference, percent, european)
    elif limits and share is not None and basis in EACH and share > limits["each_percent"].value:
        limit = limits["each_percent"]
        values = {"share": _shown(share, limit.value), "limit": _plain(limit.value), "article": limit.article}
        found.append(Sentence("amendment_above_half", EACH_ABOVE, values))
    return Weighed(initial, reference, change, cumulated, share, tuple(found))


def _low_value(
    cumulated: Decimal, share: Decimal, reference: Decimal, percent: Limit, european: Limit
) -> Sequence[Sentence]:
    found = []
    if share >= percent.value:
        values = {
            "share": _shown(share, percent.value), "limit": _plain(percent.value), "article": percent.article,
            "cumulated": round_cents(cumulated), "reference": reference,
        }  # fmt: skip
        found.append(Sentence("amendments_above_share", SHARE_REACHED, values))
    if abs(cumulated) >= european.value:
        values = {"cumulated": round_cents(cumulated), "limit": _plain(european.value), "article": european.article}
        found.append(Sentence("amendments_above_european_threshold", EUROPEAN_REACHED, values))
    return found


def _shown(share: Decimal, limit: Decimal) -> Decimal:
    """A share with one decimal, rounded away from the limit, so that the figure never contradicts the sentence."""
    rounding = ROUND_CEILING if share > limit else ROUND_FLOOR
    return _plain(share.quantize(Decimal("0.1"), rounding))


def _plain(value: Decimal) -> Decimal:
    """Without zeros that say nothing: 10 and not 10.0000."""
    whole = value.to_integral_value()
    return whole if value == whole else value.normalize()


def value_between(before: Mapping[str, Any], after: Mapping[str, Any], pooled_quantity: int, term: Term) -> Decimal:
    """What changing these terms adds to the contract's value, or takes off it, found the same way on both sides."""
    was, becomes = worth_of(before, pooled_quantity, term), worth_of(after, pooled_quantity, term)
    return (becomes.amount - was.amount).quantize(CENT)


SHARE_REACHED = N_(
    "Les avenants de faible montant atteignent {share} % de la valeur initiale ({cumulated} € HT sur {reference} €) ; ils "
    "doivent rester en dessous de {limit} %, art. {article} du code de la commande publique."
)
EUROPEAN_REACHED = N_(
    "Les avenants de faible montant atteignent {cumulated} € HT ; ils doivent rester en dessous du seuil européen de "
    "{limit} €, art. {article} du code de la commande publique."
)
EACH_ABOVE = N_(
    "Cet avenant atteint {share} % de la valeur initiale ; chaque avenant sur ce fondement en vaut {limit} % au plus, "
    "art. {article} du code de la commande publique."
)
UNKNOWN_VALUE = Sentence(
    "initial_value_is_nothing", N_("La valeur initiale du contrat est nulle : aucun pourcentage ne peut être vérifié.")
)
