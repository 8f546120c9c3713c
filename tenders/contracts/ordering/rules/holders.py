"""Which holder gets an order when a lot has several: cascade, rotation or fixed share, with the reason.

A refusal by one holder passes the order to the next: the same rule is asked again with that holder left out.
"""
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from marketplace.platform.errors import N_, RuleBroken, Sentence

METHODS: Final = ("single", "cascade", "rotation", "share", "mini_competition")


@dataclass(frozen=True)
class Holder:
    """One contract of the lot. `rank` from 1; `share` in per cent of the lot; `available` units (None: no maximum).

    `turn` is the number of the last order it was given on the lot (0: none yet). `hindrance`: why it cannot be given
    anything today (suspended, certificate expired), in words.
    """

    contract_id: UUID
    name: str
    rank: int = 1
    share: Decimal = Decimal(0)
    called_off: int = 0
    available: int | None = None
    turn: int = 0
    hindrance: Sentence | None = None


@dataclass(frozen=True)
class Passed:
    """A holder that was not given the order, and why."""

    contract_id: UUID
    reason: Sentence


@dataclass(frozen=True)
class Choice:
    """The holder that gets the order, why it, and who was passed over before it."""

    contract_id: UUID
    reason: Sentence
    passed: tuple[Passed, ...] = ()


def choose_holder(
    method: str, holders: Sequence[Holder], quantity: int, refused: Collection[UUID] = ()
) -> Choice:
    """The holder of an order of `quantity` units, whole: nobody is given a part.

    `refused` are the contracts whose holder refused this order before. RuleBroken `no_holder_available` with each
    holder's reason. ValueError for a mini-competition, which is decided by its offers.
    """
    if method not in METHODS or method == "mini_competition":
        raise ValueError(f"no holder is chosen by {method}")
    passed = [Passed(each.contract_id, why) for each in holders if (why := why_not(each, quantity, refused))]
    left_out = {each.contract_id for each in passed}
    candidates = sorted((each for each in holders if each.contract_id not in left_out), key=lambda each: each.rank)
    if not candidates:
        raise no_holder(passed, holders)
    if method == "rotation":
        chosen = min(candidates, key=lambda each: each.turn)
    elif method == "share":
        chosen = _furthest_behind(candidates, holders, quantity)
    else:
        chosen = candidates[0]
    return Choice(chosen.contract_id, _reason(method, chosen, holders, quantity), tuple(passed))


def no_holder(passed: Iterable[Passed], holders: Iterable[Holder]) -> RuleBroken:
    """Nobody can take the order. With a single holder its own reason is the message."""
    names = {each.contract_id: each.name for each in holders}
    reasons = {f"reason_{number}": of_holder(names[each.contract_id], each.reason) for number, each in enumerate(passed)}
    said = Sentence("holders_passed", " ".join(f"{{{name}}}" for name in reasons), reasons)
    return RuleBroken(
        "no_holder_available",
        "Aucun titulaire ne peut prendre cette commande aujourd'hui. {reasons} Réduisez la quantité ou prévenez la centrale.",
        reasons=said,
    )


def why_not(holder: Holder, quantity: int, refused: Collection[UUID] = ()) -> Sentence | None:
    """Why a holder cannot be given an order of so many units; None when it can."""
    if holder.contract_id in refused:
        return REFUSED
    if holder.hindrance is not None:
        return holder.hindrance
    if holder.available is not None and holder.available < quantity:
        return Sentence("holder_exhausted", EXHAUSTED, {"available": max(0, holder.available), "quantity": quantity})
    return None


def _furthest_behind(candidates: Sequence[Holder], holders: Sequence[Holder], quantity: int) -> Holder:
    """Whose orders are furthest below its share of all orders, this one included; the better rank when equal."""
    total = sum(each.called_off for each in holders) + quantity

    def behind(holder: Holder) -> Fraction:
        return Fraction(holder.share) * total / 100 - holder.called_off

    return max(candidates, key=lambda each: (behind(each), -each.rank))


def _reason(method: str, chosen: Holder, holders: Sequence[Holder], quantity: int) -> Sentence:
    if method == "rotation":
        template = BY_ROTATION if chosen.turn else BY_FIRST_TURN
        return Sentence("chosen_by_rotation", template, {"holder": chosen.name})
    if method == "share":
        total = sum(each.called_off for each in holders)
        values = {"holder": chosen.name, "share": chosen.share, "called_off": chosen.called_off, "total": total}
        return Sentence("chosen_by_share", BY_SHARE, values)
    if method == "cascade":
        return Sentence("chosen_by_cascade", BY_CASCADE, {"holder": chosen.name, "rank": chosen.rank})
    return Sentence("only_holder", ONLY, {"holder": chosen.name})


def of_holder(name: str, reason: Sentence) -> Sentence:
    """What is said of one holder, named."""
    return Sentence("holder_reason", N_("{holder} : {reason}"), {"holder": name, "reason": reason})


ONLY: Final = N_("{holder} est le seul titulaire de ce lot.")
BY_CASCADE: Final = N_("{holder} est le premier du classement (rang {rank}) à pouvoir prendre toute la commande.")
BY_ROTATION: Final = N_("C'est au tour de {holder} : les autres titulaires ont été servis après lui.")
BY_FIRST_TURN: Final = N_("C'est au tour de {holder} : il n'a encore reçu aucune commande de ce lot.")
BY_SHARE: Final = N_(
    "{holder} est le plus loin de sa part : {share} % du lot, et {called_off} unités commandées sur {total} jusqu'ici."
)
EXHAUSTED: Final = N_("il lui reste {available} unités, pour {quantity} demandées.")
REFUSED: Final = Sentence("holder_refused", N_("a refusé cette commande."))
