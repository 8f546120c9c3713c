"""Whether an order may be placed: contract running, member entitled, holder fit today, room left in the envelope.

The allowance is computed on the total (what was ordered so far, this order included, against the maximum) and never on
a remainder kept beside it; a maximum of 0 means nothing at all, None means there is none (domain §4b.5).
"""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from marketplace.platform.errors import N_, RuleBroken, Sentence

UnitWord = Callable[[int], Sentence]
"""The word that follows a quantity: "poste" after 1, "postes" after 2."""


@dataclass(frozen=True)
class Ceiling:
    """One maximum an order is held against: units, or euros excluding VAT; `used` was ordered before. None: no maximum."""

    maximum: int | None = None
    used: int = 0
    maximum_amount: Decimal | None = None
    used_amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Agreement:
    """A contract on the day of an order. `is_active` and `is_suspended` as the contract's own rule says.

    `unfit` says, in words, why its holder may not be given orders today: suspended by the platform, certificate over.
    """

    is_active: bool
    is_suspended: bool
    starts_on: date
    ends_on: date
    is_entitled: bool = True
    lacks_adhesion: bool = False
    order_multiple: int = 1
    unfit: tuple[Sentence, ...] = ()
    suspension_reason: str | None = None


def check_agreement(agreement: Agreement, today: date, starts_on: date, quantity: int) -> None:
    """Refuse an order outside what the contract allows, whatever the room left.

    `starts_on` is when delivery is asked for. RuleBroken `contract_suspended`, `contract_not_active`,
    `order_outside_term`, `member_not_entitled`, `adhesion_required`, `order_not_whole_packs`, `holder_not_fit`.
    """
    if agreement.is_suspended:
        raise RuleBroken(
            "contract_suspended",
            "Ce marché est suspendu : aucune commande n'est acceptée jusqu'à sa reprise. Raison : {reason}",
            reason=agreement.suspension_reason or NO_REASON,
        )
    if not agreement.is_active:
        raise not_active()
    _check_term(agreement, today, starts_on)
    if not agreement.is_entitled:
        raise not_entitled()
    if agreement.lacks_adhesion:
        raise RuleBroken(
            "adhesion_required",
            "Commander sur ce marché demande d'avoir signé sa convention d'adhésion : un signataire de votre organisation "
            "la signe depuis la page du contrat.",
        )
    check_packs(agreement.order_multiple, quantity)
    if agreement.unfit:
        said = {f"reason_{number}": reason for number, reason in enumerate(agreement.unfit)}
        raise RuleBroken(
            "holder_not_fit",
            "Le titulaire ne peut pas recevoir de commande aujourd'hui. {reasons} La centrale en est responsable : "
            "prévenez-la.",
            reasons=Sentence("holder_unfit", " ".join(f"{{{name}}}" for name in said), said),
        )


def not_active() -> RuleBroken:
    """Nothing is ordered, or handed on, on a contract that is not in force."""
    return RuleBroken("contract_not_active", "Ce marché n'est pas en vigueur : il n'accepte aucune commande aujourd'hui.")


def not_entitled() -> RuleBroken:
    """Only the members of a contract order on it (domain §4)."""
    return RuleBroken(
        "member_not_entitled",
        "Votre établissement n'est pas parmi les membres de ce marché : demandez à la centrale comment y adhérer.",
    )


def check_quantity(quantity: int) -> None:
    """Refuse an order of nothing. RuleBroken `order_of_nothing`."""
    if quantity < 1:
        raise RuleBroken("order_of_nothing", "Commandez au moins une unité.", field="quantity")


def _check_term(agreement: Agreement, today: date, starts_on: date) -> None:
    """Orders only within the contract's validity (domain §4)."""
    if not agreement.starts_on <= today <= agreement.ends_on:
        raise RuleBroken(
            "order_outside_term",
            "Les commandes de ce marché se passent du {starts_on} au {ends_on} : il n'en accepte pas aujourd'hui.",
            starts_on=agreement.starts_on, ends_on=agreement.ends_on,
        )  # fmt: skip
    if not today <= starts_on <= agreement.ends_on:
        raise RuleBroken(
            "delivery_outside_term",
            "Demandez une livraison entre aujourd'hui et le {ends_on}, dernier jour du marché.",
            field="starts_on", ends_on=agreement.ends_on,
        )  # fmt: skip


def check_packs(multiple: int, quantity: int) -> None:
    """Refuse a quantity that is not whole packs, with those around it; below one pack there is only the pack itself.

    RuleBroken `order_of_nothing`, `order_not_whole_packs`.
    """
    check_quantity(quantity)
    below = quantity - quantity % multiple
    facts = {"field": "quantity", "multiple": multiple, "above": below + multiple}
    if not below:
        raise RuleBroken("order_not_whole_packs", "Ce lot se commande par {multiple} : commandez-en {above} au moins.", **facts)
    if quantity % multiple:
        raise RuleBroken(
            "order_not_whole_packs",
            "Ce lot se commande par {multiple} : commandez {below} ou {above}.",
            below=below, **facts,
        )  # fmt: skip


def available(ceilings: Sequence[Ceiling], unit_amount: Decimal, multiple: int = 1) -> int | None:
    """The most units that can still be ordered under all the maxima together, in whole packs; None: no maximum at all.

    `unit_amount` is what one unit of this order costs over its periods, euros excluding VAT.
    """
    rooms = [ceiling.maximum - ceiling.used for ceiling in ceilings if ceiling.maximum is not None]
    for ceiling in ceilings:
        if ceiling.maximum_amount is not None and unit_amount > 0:
            left = ceiling.maximum_amount - ceiling.used_amount
            rooms.append(int((left / unit_amount).to_integral_value(ROUND_FLOOR)))
    if not rooms:
        return None
    room = max(0, min(rooms))
    return room - room % multiple


def check_room(
    ceilings: Sequence[Ceiling], quantity: int, amount: Decimal, unit_amount: Decimal, unit: UnitWord, multiple: int = 1
) -> None:
    """Refuse an order that would go beyond a maximum. RuleBroken `envelope_exhausted` with `available` and `asked`.

    `unit` gives the word that follows a quantity. Total against maximum: ordered so far + this order ≤ maximum, for the
    contract and for the lot, in units and in euros.
    """
    beyond = any(
        (ceiling.maximum is not None and ceiling.used + quantity > ceiling.maximum)
        or (ceiling.maximum_amount is not None and ceiling.used_amount + amount > ceiling.maximum_amount)
        for ceiling in ceilings
    )
    if beyond:
        left = min(available(ceilings, unit_amount, multiple) or 0, quantity - 1)
        left -= left % multiple
        raise exhausted(left, quantity, unit(left))


def exhausted(left: int, asked: int, unit: Sentence) -> RuleBroken:
    """What a member reads at the maximum, with what can still be ordered."""
    return RuleBroken(
        "envelope_exhausted",
        "Commande impossible : il reste {available} {unit} ; vous en demandez {asked}.",
        available=left, asked=asked, unit=unit,
    )  # fmt: skip


@dataclass(frozen=True)
class LineRefused:
    """One line of a cart that cannot be ordered, and why."""

    line: str
    label: str
    refusal: RuleBroken


def cart_refusal(refused: Sequence[LineRefused]) -> RuleBroken:
    """Why nothing of a cart was placed, each line named; ValueError when nothing was refused.

    Lines refused for one and the same reason give its code to the whole, with `available` of the first; else
    `cart_refused`. The detail `refusals` names every line: line, code, and `available` where it has one.
    """
    if not refused:
        raise ValueError("a cart is refused for a reason")
    first = refused[0].refusal
    listed = [_as_detail(each) for each in refused]
    if len(refused) == 1:
        return RuleBroken(first.code, first.message, **{**first.details, "refusals": listed})
    said = {f"line_{number}": _line_said(each) for number, each in enumerate(refused)}
    lines = Sentence("cart_lines_refused", " ".join(f"{{{name}}}" for name in said), said)
    if len({each.refusal.code for each in refused}) == 1:
        return RuleBroken(
            first.code, NOTHING_ORDERED, lines=lines, refusals=listed, **_figures(first.details)
        )
    return RuleBroken("cart_refused", NOTHING_ORDERED, lines=lines, refusals=listed)


def _as_detail(each: LineRefused) -> dict[str, object]:
    return {"line": each.line, "code": each.refusal.code, **_figures(each.refusal.details)}


def _figures(details: Mapping[str, object]) -> dict[str, object]:
    return {name: details[name] for name in ("available", "asked") if name in details}


def _line_said(each: LineRefused) -> Sentence:
    return Sentence("cart_line_refused", N_("« {label} » : {why}"), {"label": each.label, "why": each.refusal.sentence})


NO_REASON: Final = Sentence("no_reason", N_("non précisée."))
NOTHING_ORDERED = N_("Rien n'est commandé : une ligne du panier au moins ne peut pas l'être. {lines}")
