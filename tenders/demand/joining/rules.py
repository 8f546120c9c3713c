"""May a closed lot still be joined, for how long, for how many units, and what that costs."""
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from marketplace.platform.errors import Conflict, RuleBroken
from marketplace.platform.money import incl_vat
from tenders.demand.rules.exposure import Exposure, exposure
from tenders.demand.words import unit_of
from tenders.vehicles.rules import longest_end


@dataclass(frozen=True)
class Setting:
    """What a lot, its vehicle and its envelope say to somebody who comes late. Prices in euros excluding VAT.

    `is_met`: the needs are closed, the minimum was reached and nothing was cancelled. `room`: units that still fit under
    the maximum; None without one. `fee` is paid once for joining late; None: nothing.
    """

    label: str
    unit: str
    price_period: str
    term_months: int
    order_multiple: int
    starts_on: date
    ends_on: date
    is_met: bool
    allows_late_joining: bool
    regime: str
    room: int | None
    fee: Decimal | None = None


@dataclass(frozen=True)
class Quote:
    """What joining now would be: `months` left until `ends_on`, the exposure over them, the fee, the room after it.

    `fee_…` None: there is none. `room_after` None: no maximum.
    """

    months: int
    ends_on: date
    exposure: Exposure
    fee_excl_vat: Decimal | None
    fee_incl_vat: Decimal | None
    room_after: int | None


def last_day(setting: Setting) -> date:
    """The lot's term counted from the vehicle's start, not beyond the vehicle's own end."""
    return min(longest_end(setting.starts_on, setting.term_months) - timedelta(days=1), setting.ends_on)


def months_left(setting: Setting, today: date) -> int:
    """Months of the term that are left, a month begun counted whole (it is paid whole); 0 once it is over."""
    start, end = max(today, setting.starts_on), last_day(setting)
    if start > end:
        return 0
    months = 1
    while longest_end(start, months) <= end:
        months += 1
    return min(months, setting.term_months)


def check_joinable(setting: Setting, today: date) -> None:
    """A lot is joined late only where its vehicle says so, while it runs.

    RuleBroken `late_joining_not_met` (not closed with its minimum reached), `buyers_listed_before_publication` (domain
    §4: only buyers identified in the consultation may order), `late_joining_over`.
    """
    if not setting.is_met:
        raise RuleBroken(
            "late_joining_not_met",
            "« {lot} » ne se rejoint pas ainsi : on rejoint un lot dont le recueil est clos et le minimum atteint. Tant "
            "que le recueil est ouvert, placez un besoin.",
            lot=setting.label,
        )
    check_takes_newcomers(setting.regime, allows_late_joining=setting.allows_late_joining)
    if months_left(setting, today) == 0:
        raise RuleBroken(
            "late_joining_over", "L'exécution de « {lot} » est terminée : il n'y a plus rien à rejoindre.", lot=setting.label
        )


def check_takes_newcomers(regime: str, *, allows_late_joining: bool) -> None:
    """Only buyers identified in the consultation may order, unless the vehicle says otherwise (domain §4).

    RuleBroken `buyers_listed_before_publication`.
    """
    if not allows_late_joining and regime == "public_code":
        raise RuleBroken(
            "buyers_listed_before_publication",
            "Ce marché ne se rejoint pas après sa publication : seuls les acheteurs identifiés dans la consultation "
            "peuvent commander (code de la commande publique). Demandez à la centrale quand ouvre le prochain.",
        )
    if not allows_late_joining:
        raise RuleBroken(
            "buyers_listed_before_publication",
            "Ce marché ne se rejoint pas après sa publication : la centrale a réservé les commandes aux acheteurs "
            "identifiés au départ. Demandez-lui quand ouvre le prochain.",
        )


def check_quantity(setting: Setting, quantity: int) -> None:
    """Whole packs, within what is left of the maximum.

    RuleBroken `not_whole_packs` with `multiple`; Conflict `late_joining_no_room` with `available`.
    """
    if quantity % setting.order_multiple:
        raise RuleBroken(
            "not_whole_packs",
            "Les commandes se font par {multiple} : demandez un multiple de {multiple}.",
            multiple=setting.order_multiple,
        )
    if setting.room is not None and quantity > setting.room:
        raise Conflict(
            "late_joining_no_room",
            "Il reste {available} {unit} sur ce lot ; vous en demandez {asked}. Demandez-en {available} au plus.",
            available=max(0, setting.room),
            asked=quantity,
            unit=unit_of(setting.unit, max(0, setting.room)),
        )


def quote(setting: Setting, quantity: int, unit_price: Decimal | None, today: date) -> Quote:
    """What joining with this quantity binds to, at this unit price, over what is left of the term."""
    months = months_left(setting, today)
    fee = setting.fee
    return Quote(
        months=months,
        ends_on=last_day(setting),
        exposure=exposure(quantity, unit_price, setting.price_period, months),
        fee_excl_vat=fee,
        fee_incl_vat=None if fee is None else incl_vat(fee),
        room_after=None if setting.room is None else setting.room - quantity,
    )
