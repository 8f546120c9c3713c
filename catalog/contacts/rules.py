"""What may be said in an exchange between a buyer (or a vendor) and a provider, by whom, and what follows from it."""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from marketplace.platform.errors import RuleBroken

SIDES: Final = ("asker", "provider")
MODES: Final = ("on_site", "remote")
ACTS: Final = ("ask", "write", "propose", "accept", "decline", "close")
"""`ask` opens an exchange and proposes days; the others answer it."""
STATUSES: Final = ("asked", "answered", "agreed", "declined", "closed")
MOST_DAYS: Final = 5
MOST_WAITING: Final = 3
"""Requests of one organisation to one provider that may wait for its answer at the same time."""


@dataclass(frozen=True)
class Exchange:
    """Where an exchange stands. `waits_for` is the side that has to answer, None once a day is agreed or it is over.

    `proposed_on` are the days last proposed, by the side `proposed_by`.
    """

    waits_for: str | None
    proposed_on: tuple[date, ...]
    proposed_by: str
    agreed_on: date | None = None
    is_declined: bool = False
    is_closed: bool = False

    @property
    def status(self) -> str:
        """One of STATUSES."""
        if self.is_closed:
            return "closed"
        if self.is_declined:
            return "declined"
        if self.agreed_on is not None:
            return "agreed"
        return "answered" if self.waits_for == "asker" else "asked"


def other(side: str) -> str:
    """The one who reads what this side writes."""
    return SIDES[1 - SIDES.index(side)]


def possible_acts(exchange: Exchange, side: str) -> tuple[str, ...]:
    """What this side may do now, in the order of ACTS."""
    if exchange.status in ("declined", "closed"):
        return ()
    acts = ["write", "propose"]
    if exchange.agreed_on is None and exchange.proposed_by != side:
        acts.append("accept")
    if side == "provider" and exchange.agreed_on is None:
        acts.append("decline")
    return (*acts, "close")


def opened(days: Sequence[date], today: date) -> Exchange:
    """A new exchange: the asker proposes days and waits for the provider."""
    return Exchange("provider", checked_days(days, today), "asker")


def answered(
    exchange: Exchange, side: str, act: str, today: date, *, message: str = "", days: Sequence[date] = (),
    accepted_on: date | None = None,
) -> Exchange:  # fmt: skip
    """The exchange after this side's act; RuleBroken `contact_*` when it may not do that, or does not say enough."""
    _check_possible(exchange, side, act)
    if act in ("write", "decline") and not message.strip():
        raise RuleBroken("contact_without_words", "Écrivez un message : l'autre partie le lira.", field="message")
    match act:
        case "propose":
            return Exchange(other(side), checked_days(days, today), side)
        case "accept":
            day = _accepted(exchange, accepted_on, today)
            return Exchange(None, exchange.proposed_on, exchange.proposed_by, day)
        case "decline":
            return Exchange(None, exchange.proposed_on, exchange.proposed_by, is_declined=True)
        case "close":
            return Exchange(None, exchange.proposed_on, exchange.proposed_by, exchange.agreed_on, is_closed=True)
    waits_for = None if exchange.agreed_on else other(side)
    return Exchange(waits_for, exchange.proposed_on, exchange.proposed_by, exchange.agreed_on)


def checked_days(days: Sequence[date], today: date) -> tuple[date, ...]:
    """The proposed days, ascending, each once; at least one, none of them past."""
    kept = tuple(sorted(set(days)))
    if not kept:
        raise RuleBroken("contact_without_day", "Proposez au moins un jour.", field="days")
    if len(kept) > MOST_DAYS:
        raise RuleBroken("contact_days_too_many", "Proposez {most} jours au plus.", field="days", most=MOST_DAYS)
    if kept[0] < today:
        raise RuleBroken("contact_day_past", "Le {day} est passé : proposez des jours à venir.", field="days", day=kept[0])
    return kept


def check_waiting(waiting: int) -> None:
    """Refuse one request more to a provider that has not answered the last ones."""
    if waiting >= MOST_WAITING:
        raise RuleBroken(
            "contact_waits_already",
            "Ce prestataire n'a pas encore répondu à vos {waiting} dernières demandes : complétez l'une d'elles.",
            waiting=waiting,
        )


def check_askable(*, is_own: bool, asks_as_provider: bool, seeks_partner: bool) -> None:
    """A buyer may ask any provider; another provider only one that said it looks for a partner."""
    if is_own:
        raise RuleBroken("contact_with_oneself", "C'est votre propre fiche : choisissez un autre prestataire.")
    if asks_as_provider and not seeks_partner:
        raise RuleBroken(
            "contact_not_seeking_partner",
            "Ce prestataire ne s'est pas inscrit parmi ceux qui cherchent un partenaire : il ne peut être sollicité que par "
            "des acheteurs.",
        )


def check_search(activities: Collection[int], known: Collection[int], held: Collection[int]) -> tuple[int, ...]:
    """The HDS activities for which a partner is sought: known, at least one, none that one covers already."""
    if not activities:
        raise RuleBroken("partner_activity_missing", "Cochez au moins une activité HDS à couvrir.", field="activities")
    unknown = sorted(set(activities) - set(known))
    if unknown:
        raise RuleBroken(
            "partner_activity_unknown", "Activité HDS inconnue : {numbers}.", field="activities",
            numbers=", ".join(map(str, unknown)),
        )  # fmt: skip
    covered = sorted(set(activities) & set(held))
    if covered:
        raise RuleBroken(
            "partner_activity_held",
            "Vous couvrez déjà l'activité HDS {numbers} : décochez-la, ne restent que celles qui vous manquent.",
            field="activities", numbers=", ".join(map(str, covered)),
        )  # fmt: skip
    return tuple(sorted(set(activities)))


def _check_possible(exchange: Exchange, side: str, act: str) -> None:
    if exchange.status in ("declined", "closed"):
        raise RuleBroken("contact_over", "Cet échange est terminé : ouvrez-en un autre.", status=exchange.status)
    if act not in possible_acts(exchange, side):
        raise RuleBroken(
            "contact_act_impossible", "Cette réponse ne vous revient pas à ce stade : rechargez la page.", act=act, side=side
        )


def _accepted(exchange: Exchange, day: date | None, today: date) -> date:
    if day not in exchange.proposed_on or day is None:
        raise RuleBroken(
            "contact_day_not_proposed", "Choisissez l'un des jours proposés, ou proposez-en d'autres.", field="accepted_on"
        )
    if day < today:
        raise RuleBroken("contact_day_past", "Le {day} est passé : proposez des jours à venir.", field="accepted_on", day=day)
    return day
