"""When a contract may be concluded on a lot, until when it runs, and which part of the pool it carries."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence
from marketplace.platform.money import round_cents
from tenders.vehicles.rules import longest_end

WHOLE: Final = Decimal(100)
PROMISED: Final = ("single", "cascade", "share")
"""Selections that promise a holder a volume; rotation and mini-competition promise none to anybody."""


@dataclass(frozen=True)
class Frame:
    """What surrounds a contract: its vehicle's days (both included) and durations in months, the lot and its closing.

    `ordered_quantity` is what the last closing committed, `minimum_quantity` the lot's contractual minimum (None: none).
    """

    vehicle_starts_on: date
    vehicle_ends_on: date
    maximum_duration_months: int | None
    is_cancelled: bool
    is_closed: bool
    ordered_quantity: int
    unit: str
    minimum_quantity: int | None
    maximum_quantity: int | None


@dataclass(frozen=True)
class Sharing:
    """How the orders of the lot find their holder so far; `selection` None before the first contract."""

    selection: str | None = None
    running: int = 0
    shared_percent: Decimal = Decimal(0)


@dataclass(frozen=True)
class Wanted:
    """The contract to conclude, as far as these rules look at it."""

    selection: str
    starts_on: date
    ends_on: date
    share_percent: Decimal | None = None
    duration_reason: str | None = None
    maximum_quantity: int | None = None


@dataclass(frozen=True)
class Fee:
    """What the centre earns: a yearly amount, an entry amount (euros excluding VAT) or per cent of what is called off."""

    kind: str = "none"
    payer: str | None = None
    value: Decimal | None = None


NO_FEE: Final = Fee()


@dataclass(frozen=True)
class Part:
    """What a contract carries of the pool: Q behind its price, what is owed to its holder, and from percent to percent."""

    pooled_quantity: int
    minimum_quantity: int | None
    covers: tuple[Decimal, Decimal] | None = field(default=None)


def last_day(starts_on: date, term_months: int, vehicle_ends_on: date) -> date:
    """The last day of a contract that begins then: the lot's term, and never after its vehicle."""
    return min(longest_end(starts_on, term_months) - timedelta(days=1), vehicle_ends_on)


def check_conclusion(frame: Frame, sharing: Sharing, wanted: Wanted) -> None:
    """Refuse a contract on a lot that is not decided, outside its vehicle, too long, or beside another holder's.

    RuleBroken: `lot_not_decided`, `contract_outside_vehicle`, `contract_duration_needs_reason`,
    `holder_selection_is_set`, `lot_has_its_holder`, `shares_exceed_the_whole`, `contract_maximum_above_lot`.
    """
    if frame.is_cancelled or not frame.is_closed or frame.ordered_quantity <= 0:
        raise RuleBroken(
            "lot_not_decided",
            "Un contrat se conclut sur un lot clos dont le minimum est atteint : ce lot ne l'est pas. Attendez la clôture.",
        )
    check_days(
        (wanted.starts_on, wanted.ends_on), (frame.vehicle_starts_on, frame.vehicle_ends_on),
        frame.maximum_duration_months, wanted.duration_reason,
    )  # fmt: skip
    _check_sharing(sharing, wanted)
    above = frame.maximum_quantity is not None and (
        wanted.maximum_quantity is None or wanted.maximum_quantity > frame.maximum_quantity
    )
    if above:
        raise RuleBroken(
            "contract_maximum_above_lot",
            "Le maximum du contrat dépasse celui du lot ({maximum}) : réduisez-le.",
            field="maximum_quantity", maximum=frame.maximum_quantity,
        )  # fmt: skip


def check_days(
    contract: tuple[date, date], vehicle: tuple[date, date], maximum_months: int | None, reason: str | None
) -> None:
    """Refuse a contract outside its vehicle, or longer than allowed without a written reason; first and last days.

    RuleBroken `contract_outside_vehicle`, `contract_duration_needs_reason`.
    """
    (starts_on, ends_on), (vehicle_starts_on, vehicle_ends_on) = contract, vehicle
    if not vehicle_starts_on <= starts_on <= ends_on <= vehicle_ends_on:
        raise RuleBroken(
            "contract_outside_vehicle",
            "Le contrat doit commencer et finir entre le {vehicle_starts_on} et le {vehicle_ends_on}, dates du marché dont il "
            "relève. Corrigez-les.",
            field="starts_on", vehicle_starts_on=vehicle_starts_on, vehicle_ends_on=vehicle_ends_on,
        )  # fmt: skip
    too_long = maximum_months is not None and ends_on > longest_end(starts_on, maximum_months)
    if too_long and not (reason or "").strip():
        raise RuleBroken(
            "contract_duration_needs_reason",
            "Ce contrat dure plus de {months} mois : écrivez la raison de cette durée ou raccourcissez-le.",
            field="duration_reason", months=maximum_months,
        )  # fmt: skip


def _check_sharing(sharing: Sharing, wanted: Wanted) -> None:
    if sharing.selection is not None and sharing.selection != wanted.selection:
        raise RuleBroken(
            "holder_selection_is_set",
            "Le premier contrat de ce lot a fixé comment ses commandes trouvent leur titulaire : gardez le même mode.",
            field="holder_selection", selection=sharing.selection,
        )  # fmt: skip
    if wanted.selection == "single" and sharing.running:
        raise RuleBroken(
            "lot_has_its_holder",
            "Ce lot a déjà son titulaire unique : résiliez d'abord le contrat en cours.",
        )
    if wanted.share_percent is not None and sharing.shared_percent + wanted.share_percent > WHOLE:
        raise RuleBroken(
            "shares_exceed_the_whole",
            "Les parts des titulaires dépasseraient 100 % : il reste {left} %.",
            field="share_percent", left=WHOLE - sharing.shared_percent,
        )  # fmt: skip


def check_fields(wanted: Wanted, fee: Fee) -> None:
    """Refuse answers that contradict each other, field by field: BadInput."""
    errors: dict[str, list[str]] = {}
    if (wanted.share_percent is not None) != (wanted.selection == "share"):
        errors["share_percent"] = [N_("Donnez la part du titulaire quand les commandes sont partagées, et seulement alors.")]
    elif wanted.share_percent is not None and not 0 < wanted.share_percent <= WHOLE:
        errors["share_percent"] = [N_("Une part va de plus de 0 à 100 %.")]
    if wanted.ends_on < wanted.starts_on:
        errors["ends_on"] = [N_("La fin vient après le début.")]
    errors |= fee_errors(fee)
    if errors:
        raise BadInput(errors)


def fee_errors(fee: Fee) -> dict[str, list[str]]:
    """What is wrong with a fee, by field; empty when nothing is."""
    complete = fee.value is not None and fee.value > 0 and fee.payer is not None
    if fee.kind == "none" and (fee.value is not None or fee.payer is not None):
        return {"fee": [N_("Sans redevance, ne donnez ni montant ni payeur.")]}
    if fee.kind != "none" and not complete:
        return {"fee": [N_("Donnez le montant de la redevance et qui la paie.")]}
    if fee.kind == "percent_of_call_offs" and fee.value is not None and fee.value > WHOLE:
        return {"fee": [N_("Une redevance en pour cent ne dépasse pas 100.")]}
    if fee.kind in ("flat_yearly", "entry") and fee.value is not None and round_cents(fee.value) == 0:
        return {"fee": [N_("Une redevance en euros est d'au moins un centime : corrigez son montant.")]}
    return {}


def part_of(frame: Frame, sharing: Sharing, wanted: Wanted) -> Part:
    """What the contract carries: all of the pool, the first holder's of a cascade, or its share.

    The Q behind the price is the whole pool, and the share's part of it where orders are shared. A minimum is owed to a
    holder that was promised a volume: the single one, the first of a cascade, each sharer for its part (rounded down).
    """
    if wanted.selection == "share":
        assert wanted.share_percent is not None
        covers = (sharing.shared_percent, sharing.shared_percent + wanted.share_percent)
        minimum = None if frame.minimum_quantity is None else portion(frame.minimum_quantity, covers) or None
        return Part(max(1, portion(frame.ordered_quantity, covers)), minimum, covers)
    first = wanted.selection == "single" or (wanted.selection == "cascade" and not sharing.running)
    whole = (Decimal(0), WHOLE) if first else None
    return Part(frame.ordered_quantity, frame.minimum_quantity if first else None, whole)


def portion(quantity: int, covers: tuple[Decimal, Decimal]) -> int:
    """Units between two percentages of a quantity; portions that follow one another add up to the whole."""
    lower, upper = covers
    return int(quantity * upper / WHOLE) - int(quantity * lower / WHOLE)


def committed_to(quantities: Sequence[int], part: Part) -> list[int]:
    """What each member owes this holder, from what each committed on the lot."""
    if part.covers is None:
        return [0] * len(quantities)
    return [portion(quantity, part.covers) for quantity in quantities]


def minimum_of_holder(minimum: int | None, scope: str, grappes: Iterable[object]) -> int | None:
    """The lot's contractual minimum in all: once, or once for each grappe when each has to reach it (domain §4b.2)."""
    if minimum is None:
        return None
    return minimum * max(1, len(set(grappes))) if scope == "grappe" else minimum


NOT_ELIGIBLE = N_("Ce prestataire ne peut pas être titulaire de ce contrat : {reasons}")


def check_holder(failed: Sequence[Sentence]) -> None:
    """Refuse a holder that lacks something the lot requires through the whole term: RuleBroken `holder_not_eligible`."""
    if failed:
        said: Mapping[str, Sentence] = {f"reason_{place}": sentence for place, sentence in enumerate(failed)}
        reasons = Sentence("reasons", " ".join(f"{{{name}}}" for name in said), said)
        raise RuleBroken("holder_not_eligible", NOT_ELIGIBLE, reasons=reasons)
