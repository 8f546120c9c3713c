"""May this need be placed here, and what is it once placed: counted, waiting, to be signed, or merely known."""
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from marketplace.platform.errors import N_, BadInput, Conflict, RuleBroken
from tenders.demand.rules.exposure import Exposure, exposure
from tenders.demand.rules.pool import NOTHING, Asking, Contribution, contribution
from tenders.demand.words import unit_of
from tenders.vehicles.rules import MOST_UNITS


@dataclass(frozen=True)
class Wish:
    """A need as asked for. Quantities in the lot's unit, prices in euros excluding VAT per unit and period.

    `price_ceiling` is what a signature would bind up to; None means the lot's reference price. `phases` spread
    `quantity`, which is what is pooled, over the years of the lot (rules/phases.py); None: the same every year.
    """

    quantity: int
    firmness: str
    grappe_id: UUID | None = None
    tolerance: int = 0
    minimum_pool_quantity: int | None = None
    maximum_unit_price: Decimal | None = None
    price_ceiling: Decimal | None = None
    phases: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Ground:
    """What the lot, its vehicle and the establishment say about taking a need."""

    lot_id: UUID
    label: str
    unit: str
    price_period: str
    term_months: int
    reference_unit_price: Decimal | None
    takes_firm_needs: bool
    allows_individual_needs: bool
    status: str
    needs_close_at: datetime
    establishment_closed_on: date | None = None


@dataclass(frozen=True)
class Belonging:
    """What the named grappe and the establishment's membership in it say; None where there is none."""

    grappe_status: str | None
    pools_category: bool
    membership_status: str | None
    leaves_on: date | None = None


@dataclass(frozen=True)
class Signature:
    """Who signs, when, up to which unit price, and the amount over the term that was shown."""

    signed_at: datetime
    signed_by: UUID | None
    price_ceiling: Decimal
    exposure_excl_vat: Decimal


@dataclass(frozen=True)
class Placed:
    """A need as it stands; `signature` is None unless a signatory signed exactly this."""

    wish: Wish
    status: str
    signature: Signature | None = None
    waitlist_number: int | None = None

    @property
    def contribution(self) -> Contribution:
        """What it adds to the totals."""
        return contribution(self.status, self.wish.firmness, self.wish.quantity, self.wish.tolerance)

    @property
    def asking(self) -> Asking | None:
        """The pool it asks for, None when it does not count or asks none."""
        wish = self.wish
        if self.status != "counted" or wish.minimum_pool_quantity is None:
            return None
        grappe_id = str(wish.grappe_id) if wish.grappe_id else None
        return Asking(wish.minimum_pool_quantity, wish.quantity, wish.tolerance, grappe_id)


def check_wish(wish: Wish) -> None:
    """A conditional need carries a condition, the others none (domain §4b.4); BadInput names the field."""
    errors: dict[str, list[str]] = {}
    has_condition = wish.minimum_pool_quantity is not None or wish.maximum_unit_price is not None
    if wish.firmness == "conditional" and not has_condition:
        errors["condition"] = [
            N_("Un besoin conditionnel porte une condition : un volume réuni minimum ou un prix maximum.")
        ]
    if wish.firmness != "conditional" and has_condition:
        errors["condition"] = [N_("Seul un besoin conditionnel porte une condition : retirez-la ou changez l'engagement.")]
    if wish.quantity > MOST_UNITS or wish.tolerance > MOST_UNITS:
        errors["quantity"] = [N_("Cette quantité est trop grande : vérifiez-la.")]
    if errors:
        raise BadInput(errors)


def check_taken(ground: Ground, now: datetime, today: date) -> None:
    """Needs are taken from opening to `needs_close_at`; RuleBroken `needs_closed`, `establishment_closed`."""
    if ground.status != "open" or now >= ground.needs_close_at:
        raise needs_closed(ground)
    check_establishment_open(ground, today)


def check_establishment_open(ground: Ground, today: date) -> None:
    """A site that closed asks for nothing; RuleBroken `establishment_closed`."""
    if ground.establishment_closed_on is not None and ground.establishment_closed_on <= today:
        raise RuleBroken("establishment_closed", "Cet établissement est fermé : choisissez un site en activité.")


def needs_closed(ground: Ground) -> RuleBroken:
    """The refusal of whoever comes too late."""
    return RuleBroken(
        "needs_closed", "Le recueil des besoins de « {lot} » est clos : votre besoin ne peut plus changer.", lot=ground.label
    )


def check_place(ground: Ground, wish: Wish, belonging: Belonging) -> None:
    """Through the grappe named, or alone where the vehicle allows it.

    RuleBroken `firm_needs_not_taken`, `grappe_required`, `not_a_member`, `grappe_not_active`, `category_not_pooled`.
    """
    if wish.firmness == "firm" and not ground.takes_firm_needs:
        raise RuleBroken(
            "firm_needs_not_taken", "Ce lot recueille des intentions : placez un besoin indicatif ou conditionnel."
        )
    if wish.grappe_id is None:
        if not ground.allows_individual_needs:
            raise RuleBroken(
                "grappe_required", "Ce marché ne prend que des besoins réunis dans une grappe : choisissez la vôtre."
            )
        return
    if belonging.membership_status not in ("member", "leaving") or _gone_by_closing(ground, belonging):
        raise RuleBroken(
            "not_a_member",
            "Cet établissement n'est pas membre de cette grappe, ou la quitte avant la clôture : placez le besoin à "
            "titre individuel ou rejoignez la grappe.",
        )
    if belonging.grappe_status != "active":
        raise RuleBroken(
            "grappe_not_active", "Cette grappe n'est pas active : activez-la au quorum avant d'y réunir des besoins."
        )
    if not belonging.pools_category:
        raise RuleBroken(
            "category_not_pooled", "La convention de cette grappe ne couvre pas la catégorie de ce lot : modifiez-la."
        )


def _gone_by_closing(ground: Ground, belonging: Belonging) -> bool:
    return belonging.leaves_on is not None and belonging.leaves_on <= ground.needs_close_at.date()


def check_claim(claimed_by: UUID | None, label: str | None, ground: Ground) -> None:
    """One volume, one pool (domain §4b.9): Conflict `already_pooled_elsewhere` names the other lot."""
    if claimed_by is not None and claimed_by != ground.lot_id:
        raise Conflict(
            "already_pooled_elsewhere",
            "Cet établissement a déjà un besoin compté dans cette catégorie : {label}. Retirez-le d'abord.",
            label=label,
            subject_id=claimed_by,
            kind="need",
        )


def price_shown(ground: Ground, wish: Wish) -> Decimal | None:
    """The unit price the exposure is computed on: the ceiling asked for, the condition's price, else the reference."""
    if wish.firmness == "firm" and wish.price_ceiling is not None:
        return wish.price_ceiling
    return wish.maximum_unit_price if wish.maximum_unit_price is not None else ground.reference_unit_price


def exposure_of(ground: Ground, wish: Wish) -> Exposure:
    """What the need binds to over the lot's term."""
    price = price_shown(ground, wish)
    return exposure(
        wish.quantity, price, ground.price_period, ground.term_months, wish.tolerance, phases=wish.phases
    )


def at_ceiling(placed: Placed) -> Wish:
    """The wish with the ceiling that was signed, for its exposure."""
    if placed.signature is None:
        return placed.wish
    return replace(placed.wish, price_ceiling=placed.signature.price_ceiling)


def place(
    ground: Ground, wish: Wish, before: Placed | None, *, signs: bool, signer: UUID | None, now: datetime
) -> Placed:
    """What the need becomes if there is room for it (domain §4b.4).

    A firm need counts when whoever sends it signs, or when it is the very need already signed.
    """
    kept = replace(wish, price_ceiling=None)  # the ceiling lives in the signature
    if wish.firmness == "indicative":
        return Placed(kept, "not_counted")
    if wish.firmness == "conditional":
        return Placed(kept, "counted")
    ceiling = wish.price_ceiling if wish.price_ceiling is not None else ground.reference_unit_price
    if before is not None and before.signature is not None and _same_commitment(before, kept, ceiling):
        return Placed(kept, "counted", before.signature)
    if not signs:
        return Placed(kept, "awaiting_signature")
    shown = exposure_of(ground, wish)
    if ceiling is None or shown.at_most_excl_vat is None:
        raise RuleBroken(
            "reference_price_required_to_sign", "Ce lot n'a pas de prix de référence : indiquez un prix plafond."
        )
    return Placed(kept, "counted", Signature(now, signer, ceiling, shown.at_most_excl_vat))


def _same_commitment(before: Placed, wish: Wish, ceiling: Decimal | None) -> bool:
    return before.wish == wish and before.signature is not None and before.signature.price_ceiling == ceiling


def available_for(before: Contribution, counted: int, maximum: int | None) -> int | None:
    """Units this establishment may have counted at most, its own counted ones included; None without a maximum."""
    return None if maximum is None else maximum - counted + before.counted


def fit(
    ground: Ground, placed: Placed, before: Placed | None, *, counted: int, maximum: int | None, accept_waitlist: bool
) -> Placed:
    """The need as it fits: whole, or whole to the waiting list when that is accepted (domain §4b.5).

    Conflict `lot_maximum_reached` with `available`. A need that shrinks, or does not grow, always fits.
    """
    own = before.contribution if before is not None else NOTHING
    wanted = placed.contribution.counted
    available = available_for(own, counted, maximum)
    if available is None or wanted <= available:
        return placed
    if accept_waitlist:
        keeps_rank = before is not None and before.status == "waitlisted" and wanted <= before.wish.quantity
        number = before.waitlist_number if before is not None and keeps_rank else None
        return replace(placed, status="waitlisted", waitlist_number=number)
    raise Conflict(
        "lot_maximum_reached",
        "Il reste {available} {unit} sur les {maximum} de ce lot ; vous en demandez {asked}. Demandez {available}, ou "
        "acceptez la liste d'attente.",
        available=max(available, 0),
        maximum=maximum,
        asked=wanted,
        unit=unit_of(ground.unit, max(available, 0)),
    )
