"""When a vehicle and its lots may be written and opened: every refusal has its code, its field and its sentence."""
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from catalog.offers.rules import periods as periods
from marketplace.platform.errors import N_, RuleBroken, Sentence
from marketplace.platform.months import months_after

MOST_UNITS: Final = 1_000_000_000
"""No quantity may pass this: it is what the columns of the pool can add up without overflowing."""


@dataclass(frozen=True)
class Bound:
    """A minimum or a maximum as the centre wrote it: units (basis quantity) or euros excluding VAT (basis amount)."""

    basis: str
    value: Decimal


@dataclass(frozen=True)
class LotTerms:
    """What a lot says, without its life: everything the rules look at. `needs_close_at` is aware, in Paris time."""

    code: str
    category_code: str
    kind: str
    unit: str
    price_period: str
    term_months: int
    needs_close_at: datetime
    order_multiple: int = 1
    reference_unit_price: Decimal | None = None
    minimum_kind: str = "none"
    minimum_scope: str = "lot"
    minimum: Bound | None = None
    maximum: Bound | None = None
    requirements: Mapping[str, Sequence[Any]] | None = None
    minimum_policy: tuple[str, ...] = ()
    takes_firm_needs: bool = True


@dataclass(frozen=True)
class VehicleTerms:
    """What a vehicle says that its opening depends on. `maximum_duration_months` None: no limit."""

    starts_on: date
    ends_on: date
    maximum_required: bool
    maximum_duration_months: int | None
    duration_reason: str | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The codes a lot may use: units by category, certificate schemes, regions; and where a lot could merge to.

    `mergeable_categories` are those in which the centre has another lot that can take over the needs.
    """

    units_by_category: Mapping[str, Collection[str]]
    requirement_codes: Mapping[str, Collection[Any]]
    mergeable_categories: Collection[str] = ()


@dataclass(frozen=True)
class Refusal:
    """Why not, next to which field, on which lot (None: the vehicle itself)."""

    field: str
    sentence: Sentence
    lot_code: str | None = None

    def error(self) -> RuleBroken:
        """The refusal as the error a use case raises; its detail `field` says where to look."""
        return RuleBroken(self.sentence.code, self.sentence.template, field=self.field, **self.sentence.values)


@dataclass(frozen=True)
class FrozenBounds:
    """A lot's minimum and maximum in units, as frozen at opening; None is no bound."""

    minimum_quantity: int | None
    maximum_quantity: int | None


def price_over_term(lot: LotTerms) -> Decimal | None:
    """Euros excluding VAT that one unit costs over the whole term at the reference price; None without a price."""
    if lot.reference_unit_price is None:
        return None
    return lot.reference_unit_price * periods(lot.term_months, lot.price_period)


def freeze_bounds(lot: LotTerms) -> FrozenBounds:
    """Bounds as whole units: an amount divided by the price of a unit over the term, minimum up, maximum down.

    Domain §4b.2. A maximum in euros ends on a whole pack (`order_multiple`), since nothing between two packs can be
    ordered. ValueError when an amount has no reference price to be divided by: `opening_refusals` says it first.
    """
    unit_cost = price_over_term(lot)

    def units(bound: Bound | None, rounding: str) -> int | None:
        if bound is None or bound.basis == "quantity":
            return None if bound is None else int(bound.value)
        if unit_cost is None:
            raise ValueError(f"lot {lot.code}: an amount needs a reference price to become a quantity")
        return int((bound.value / unit_cost).to_integral_value(rounding))

    maximum = units(lot.maximum, ROUND_FLOOR)
    if maximum is not None and lot.maximum is not None and lot.maximum.basis == "amount":
        maximum -= maximum % lot.order_multiple
    return FrozenBounds(units(lot.minimum, ROUND_CEILING), maximum)


def lot_contradictions(lot: LotTerms, vocabulary: Vocabulary) -> list[Refusal]:
    """What can never be right in a lot, even as a draft: refused as soon as it is written."""
    checks = (_unit(lot, vocabulary), _policy(lot), _requirements(lot, vocabulary), _bounds(lot))
    return [_at(lot, found) for check in checks for found in check]


def lot_obstacles(vehicle: VehicleTerms, lot: LotTerms, vocabulary: Vocabulary, now: datetime) -> list[Refusal]:
    """What a draft lot still lacks before it may open."""
    checks = (
        _closing(vehicle, lot, now),
        _maximum(vehicle, lot),
        _reference_price(lot),
        _support(lot),
        _merge(lot, vocabulary),
    )
    return [_at(lot, found) for check in checks for found in check]


def vehicle_contradictions(vehicle: VehicleTerms) -> list[Refusal]:
    """What can never be right in a vehicle, even as a draft."""
    if vehicle.ends_on > vehicle.starts_on:
        return []
    return [
        Refusal(
            "ends_on",
            Sentence(
                "vehicle_ends_before_it_starts",
                N_("Le marché se termine avant de commencer : choisissez une fin postérieure au début."),
            ),
        )
    ]


def schemes_required(requirements: Mapping[str, Any], asked: Sequence[str]) -> tuple[str, ...]:
    """Those of the schemes asked about that a lot's requirements name; activities of HDS name HDS."""
    named = {*(requirements.get("certificates") or ()), *(("hds",) if requirements.get("hds_activities") else ())}
    return tuple(scheme for scheme in asked if scheme in named)


def opening_refusals(
    vehicle: VehicleTerms, lots: Sequence[LotTerms], vocabulary: Vocabulary, now: datetime, today: date
) -> list[Refusal]:
    """Everything that keeps a vehicle from opening, the vehicle first, then its lots in order; empty: it may open.

    `now` is aware; `today` is the day in Paris.
    """
    found = [*vehicle_contradictions(vehicle), *_duration(vehicle, today), *_at_least_one(lots)]
    for lot in lots:
        found += lot_contradictions(lot, vocabulary)
        found += lot_obstacles(vehicle, lot, vocabulary, now)
    return found


def opening_warnings(vehicle: VehicleTerms, lots: Sequence[LotTerms]) -> list[Sentence]:
    """What is worth a second look and keeps nothing from opening: a lot that lasts longer than its vehicle.

    No rule forbids it (an order may be carried out after the vehicle's end), but prices and exposure run over that term.
    """
    values = [
        {"code": lot.code, "months": lot.term_months, "start": vehicle.starts_on, "end": vehicle.ends_on}
        for lot in lots
        if longest_end(vehicle.starts_on, lot.term_months) - timedelta(days=1) > vehicle.ends_on
    ]
    template = N_("Lot {code} : {months} mois d'exécution, plus que le marché, du {start} au {end} : vérifiez sa durée.")
    return [Sentence("term_beyond_vehicle", template, each) for each in values]


def refuse_first(refusals: Iterable[Refusal]) -> None:
    """Raise the first refusal, if any, as RuleBroken; a page shows them all."""
    for refusal in refusals:
        raise refusal.error()


def longest_end(starts_on: date, months: int) -> date:
    """The last day of a duration in months, by calendar: the same day of the month, or the month's last."""
    return months_after(starts_on, months)


Found = Iterator[tuple[str, Sentence]]


def _at(lot: LotTerms, found: tuple[str, Sentence]) -> Refusal:
    field, sentence = found
    return Refusal(field, replace(sentence, values={"lot": lot.code, **sentence.values}), lot.code)


def _duration(vehicle: VehicleTerms, today: date) -> Iterator[Refusal]:
    if vehicle.ends_on < today:
        yield Refusal(
            "ends_on",
            Sentence("vehicle_already_over", N_("La fin du marché est déjà passée : choisissez une date à venir.")),
        )
    months = vehicle.maximum_duration_months
    too_long = months is not None and vehicle.ends_on > longest_end(vehicle.starts_on, months)
    if too_long and not (vehicle.duration_reason or "").strip():
        yield Refusal(
            "duration_reason",
            Sentence(
                "duration_needs_reason",
                N_("Ce marché dure plus de {months} mois : écrivez la raison de cette durée ou raccourcissez-le."),
                {"months": months},
            ),
        )


def _at_least_one(lots: Sequence[LotTerms]) -> Iterator[Refusal]:
    if not lots:
        yield Refusal(
            "lots",
            Sentence("vehicle_without_lot", N_("Ce marché n'a aucun lot : ajoutez-en au moins un avant d'ouvrir.")),
        )


def _closing(vehicle: VehicleTerms, lot: LotTerms, now: datetime) -> Found:
    if lot.needs_close_at <= now:
        yield "needs_close_at", Sentence(
            "needs_close_in_the_past",
            N_("Lot {lot} : la clôture des besoins est déjà passée. Choisissez une date à venir."),
        )
    elif lot.needs_close_at.date() > vehicle.ends_on:
        yield "needs_close_at", Sentence(
            "needs_close_after_the_end",
            N_("Lot {lot} : les besoins se clôtureraient après la fin du marché. Avancez la clôture."),
        )


def _maximum(vehicle: VehicleTerms, lot: LotTerms) -> Found:
    if vehicle.maximum_required and lot.maximum is None:
        yield "maximum", Sentence(
            "maximum_required",
            N_("Lot {lot} : ce régime impose un maximum. Indiquez-le en unités ou en euros HT."),
        )


def _reference_price(lot: LotTerms) -> Found:
    by_amount = any(bound is not None and bound.basis == "amount" for bound in (lot.minimum, lot.maximum))
    if lot.reference_unit_price is None and (by_amount or lot.takes_firm_needs):
        yield "reference_unit_price", Sentence(
            "reference_price_required",
            N_(
                "Lot {lot} : indiquez un prix de référence. Sans lui, un montant ne peut pas devenir une quantité "
                "et personne ne peut voir à quoi il s'engage."
            ),
        )


def _support(lot: LotTerms) -> Found:
    if lot.kind == "support" and lot.minimum_kind != "contractual":
        yield "minimum", Sentence(
            "support_without_minimum",
            N_(
                "Lot {lot} : un marché support n'existe que si son volume minimum est atteint. "
                "Indiquez un minimum contractuel."
            ),
        )


def _unit(lot: LotTerms, vocabulary: Vocabulary) -> Found:
    units = vocabulary.units_by_category.get(lot.category_code, ())
    if lot.unit not in units:
        yield "unit", Sentence(
            "unit_not_of_category",
            N_("Lot {lot} : cette catégorie ne se compte pas dans cette unité. Unités possibles : {units}."),
            {"units": ", ".join(sorted(units))},
        )


def _policy(lot: LotTerms) -> Found:
    if len(set(lot.minimum_policy)) < len(lot.minimum_policy):
        yield "minimum_policy", Sentence(
            "policy_step_repeated",
            N_("Lot {lot} : chaque suite ne peut figurer qu'une fois ; un lot n'est prolongé qu'une seule fois."),
        )


def _merge(lot: LotTerms, vocabulary: Vocabulary) -> Found:
    has_target = lot.minimum_scope == "grappe" or lot.category_code in vocabulary.mergeable_categories
    if "merge" in lot.minimum_policy and not has_target:
        yield "minimum_policy", Sentence(
            "merge_without_target",
            N_(
                "Lot {lot} : réunir n'est possible qu'avec un minimum par grappe ou un autre lot de la même "
                "catégorie. Retirez cette suite ou ajoutez cet autre lot."
            ),
        )


def _requirements(lot: LotTerms, vocabulary: Vocabulary) -> Found:
    for name, asked in (lot.requirements or {}).items():
        unknown = [code for code in asked if code not in vocabulary.requirement_codes.get(name, ())]
        if unknown:
            yield f"requirements.{name}", Sentence(
                "requirement_unknown",
                N_("Lot {lot} : exigence inconnue : {codes}. Choisissez parmi les codes publiés."),
                {"codes": ", ".join(str(code) for code in unknown)},
            )


def _bounds(lot: LotTerms) -> Found:
    by_amount = any(bound is not None and bound.basis == "amount" for bound in (lot.minimum, lot.maximum))
    if by_amount and lot.reference_unit_price is None:
        return  # nothing to compare yet: a draft may wait for its price, opening refuses it
    bounds = freeze_bounds(lot)
    minimum, maximum = bounds.minimum_quantity, bounds.maximum_quantity
    if max(minimum or 0, maximum or 0) > MOST_UNITS:
        yield "maximum" if (maximum or 0) > MOST_UNITS else "minimum", Sentence(
            "bound_out_of_range",
            N_("Lot {lot} : cette borne dépasse {most} unités. Vérifiez la quantité, ou le montant et le prix."),
            {"most": MOST_UNITS},
        )
    if maximum is None:
        return
    if maximum % lot.order_multiple:
        yield "maximum", Sentence(
            "maximum_not_in_packs",
            N_("Lot {lot} : le maximum ({maximum}) doit être un multiple de {multiple}, la taille d'une commande."),
            {"maximum": maximum, "multiple": lot.order_multiple},
        )
    elif minimum is not None and _up_to_pack(minimum, lot.order_multiple) > maximum:
        yield "minimum", Sentence(
            "minimum_above_maximum",
            N_("Lot {lot} : le minimum ({minimum}, par packs de {multiple}) dépasse le maximum ({maximum})."),
            {"minimum": minimum, "maximum": maximum, "multiple": lot.order_multiple},
        )


def _up_to_pack(quantity: int, multiple: int) -> int:
    return -(-quantity // multiple) * multiple
