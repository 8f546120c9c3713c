"""What another deadline of a collection would be: an early closing, the same day, or the published extension."""
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.platform import clock
from marketplace.platform.errors import N_, BadInput, RuleBroken

EARLIER, SAME, LATER = "earlier", "same", "later"
KINDS = (EARLIER, SAME, LATER)


@dataclass(frozen=True)
class Calendar:
    """The days that decide. `extended_until`: where the published extension would end, None when there is none (left)."""

    now: datetime
    closes_at: datetime
    extended_until: datetime | None
    vehicle_ends_on: date


def kind_of(calendar: Calendar, closes_on: date) -> str:
    """earlier, same or later than the deadline as it stands, in Paris days.

    BadInput for a day that is over; RuleBroken `deadline_after_the_end`, `extension_not_planned`,
    `deadline_beyond_extension` (with `until`).
    """
    today, planned = clock.paris(calendar.now).date(), clock.paris(calendar.closes_at).date()
    if closes_on < today:
        raise BadInput({"closes_on": [N_("Cette date est passée : choisissez aujourd'hui ou une date à venir.")]})
    if closes_on > calendar.vehicle_ends_on:
        raise RuleBroken(
            "deadline_after_the_end",
            "Le marché se termine le {ends_on} : le recueil ne peut pas se clore après. Choisissez une date antérieure.",
            ends_on=calendar.vehicle_ends_on,
        )
    if closes_on <= planned:
        return SAME if closes_on == planned else EARLIER
    if calendar.extended_until is None:
        raise extension_not_planned()
    if closes_on > clock.paris(calendar.extended_until).date():
        raise RuleBroken(
            "deadline_beyond_extension",
            "La prolongation publiée s'arrête le {until} : le recueil ne peut pas se clore après. Choisissez une date d'ici "
            "là.",
            until=calendar.extended_until,
        )
    return LATER


def extension_not_planned() -> RuleBroken:
    """An extension runs once, where it is published (domain §4b.3)."""
    return RuleBroken(
        "extension_not_planned",
        "Ce lot ne prévoit pas, ou plus, de prolongation : sa suite publiée ne la contient pas ou elle a déjà eu lieu.",
    )
