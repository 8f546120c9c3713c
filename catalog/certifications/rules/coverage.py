"""Whether certificates meet a requirement through a whole period, until when, and what is missing, in sentences.

The list may hold the certificates of a prime and of its subcontractors: activities may be covered by their union
(domain §5), each holder needing its own prerequisite (an HDS certificate lies inside its holder's ISO/IEC 27001).
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.certifications.rules.spans import Span, common, covered_until, joined
from catalog.certifications.rules.states import HeldCertificate, Scheme, is_trusted, state_on
from marketplace.platform.errors import N_, Sentence

Schemes = Mapping[str, Scheme]
Held = Sequence[HeldCertificate]


@dataclass(frozen=True)
class Requirement:
    """A scheme, and the activities that must all be covered; no activity named: any certificate of the scheme does.

    `level`: the rank that a certificate must at least have to count; None asks for none.
    """

    scheme: str
    activities: frozenset[int] = frozenset()
    level: int | None = None


@dataclass(frozen=True)
class Period:
    """The term of a contract, both days included."""

    starts_on: date
    ends_on: date

    @property
    def months(self) -> int:
        """Its length in months, a begun month counted whole."""
        return self.month_of(self.ends_on)

    def month_of(self, day: date) -> int:
        """The month of the contract in which a day falls, from 1."""
        start = self.starts_on
        whole = (day.year - start.year) * 12 + day.month - start.month - (day.day < start.day)
        return whole + 1


@dataclass(frozen=True)
class Coverage:
    """The answer. `until`: last day on which everything asked is covered without a hole, None when it is not at the start.

    `missing` names each gap; empty when covered.
    """

    until: date | None
    missing: tuple[Sentence, ...]

    @property
    def is_covered(self) -> bool:
        """Whether the requirement is met through the whole period."""
        return not self.missing


def coverage(requirement: Requirement, certificates: Held, period: Period, schemes: Schemes, today: date) -> Coverage:
    """Whether the certificates, as decided up to `today`, meet the requirement through the whole period.

    Days of the period that are already past are not asked for: nothing will be ordered on them. A renewal that joins
    the certificate it renews counts with it. KeyError for an unknown scheme.
    """
    checked = Span(min(max(period.starts_on, today), period.ends_on), period.ends_on)
    question = _Question(schemes[requirement.scheme], certificates, period, checked, schemes, today, requirement.level)
    gaps: list[tuple[Sentence | None, list[int]]] = []
    reached: list[date] = []
    asked: list[int | None] = [*sorted(requirement.activities)] or [None]
    for activity in asked:
        until = covered_until(question.spans(activity), checked.starts_on)
        if until is not None:
            reached.append(until)
        if until is None or until < checked.ends_on:
            _add(gaps, question.why_not(activity, until), activity or 0)
    missing = tuple(sentence for reason, activities in gaps for sentence in question.say_gap(reason, activities))
    return Coverage(min(reached) if len(reached) == len(asked) else None, missing)


def covered_spans(
    scheme: str, activity: int | None, certificates: Held, schemes: Schemes, today: date
) -> list[Span]:
    """Ascending spans of days on which a trusted certificate covers the activity (None: any certificate of the scheme).

    The same days as `coverage` finds: what the search keeps, so that it needs no nightly job. KeyError: unknown scheme.
    """
    whenever = Period(today, today)
    return _Question(schemes[scheme], certificates, whenever, Span(today, today), schemes, today).spans(activity)


def _add(gaps: list[tuple[Sentence | None, list[int]]], reason: Sentence | None, activity: int) -> None:
    """Put the activity beside those that miss for the same reason."""
    for known, activities in gaps:
        if known == reason:
            activities.append(activity)
            return
    gaps.append((reason, [activity]))


@dataclass(frozen=True)
class _Question:
    scheme: Scheme
    certificates: Held
    period: Period
    checked: Span
    schemes: Schemes
    today: date
    level: int | None = None

    def spans(self, activity: int | None) -> list[Span]:
        """Days on which some trusted certificate covers the activity (None: any certificate of the scheme)."""
        covering = [c for c in self._high_enough(activity) if is_trusted(c, self.today)]
        return joined(span for certificate in covering for span in self._worth(certificate))

    def _of(self, scheme: str, activity: int | None = None) -> list[HeldCertificate]:
        return [c for c in self.certificates if c.scheme == scheme and (activity is None or activity in c.activities)]

    def _high_enough(self, activity: int | None) -> list[HeldCertificate]:
        return [c for c in self._of(self.scheme.code, activity) if self.level is None or (c.level or 0) >= self.level]

    def _worth(self, certificate: HeldCertificate) -> list[Span]:
        """Days on which a certificate is worth something: its own, cut to those of its holder's prerequisite."""
        own = [Span(certificate.starts_on, certificate.ends_on)]
        prerequisite = self.schemes[certificate.scheme].prerequisite
        if prerequisite is None:
            return own
        needed = [c for c in self._of(prerequisite) if c.holder == certificate.holder and is_trusted(c, self.today)]
        return common(own, [span for c in needed for span in self._worth(c)])

    def why_not(self, activity: int | None, until: date | None) -> Sentence | None:
        """The reason of a gap; None when nobody holds the activity at all."""
        held = self._high_enough(activity)
        if not held:
            lower = self._of(self.scheme.code, activity)
            if lower:
                return self._level_too_low(lower)
            return None if self._of(self.scheme.code) else self._sentence("certificate_missing", MISSING)
        if until is not None:
            return self._ends_during(held, until)
        trusted = [c for c in held if is_trusted(c, self.today)]
        running = [c for c in trusted if c.ends_on >= self.checked.starts_on]
        if any(c.starts_on <= self.checked.starts_on for c in running):
            return self._without_prerequisite()
        if running:
            begins = min(c.starts_on for c in running)
            return self._sentence("certificate_starts_late", STARTS_LATE, day=begins, start=self.checked.starts_on)
        return self._not_usable(held, trusted)

    def _level_too_low(self, lower: Held) -> Sentence:
        """The best level that is held, usable or not: raising it is what is missing first."""
        asked, best = self.scheme.levels.get(self.level or 0, str(self.level)), max(c.level or 0 for c in lower)
        if not best:
            return self._sentence("certificate_level_unsaid", LEVEL_UNSAID, asked=asked)
        return self._sentence("certificate_level_too_low", LEVEL_TOO_LOW, asked=asked, held=self.scheme.levels.get(best, best))

    def _not_usable(self, held: Held, trusted: Held) -> Sentence:
        """The state of the most promising certificate, when none is verified and running."""
        by_state = {state_on(c, self.today): c for c in sorted(held, key=lambda c: c.ends_on)}
        for state, template in UNUSABLE.items():
            if state in by_state:
                return self._sentence(f"certificate_{state}", template)
        last = max(trusted or held, key=lambda c: c.ends_on)
        if last.is_cut_by_its_version and last.version is not None:
            return self._sentence("certificate_version_void", VERSION_VOID, version=last.version.code, day=last.ends_on)
        return self._sentence("certificate_expired", EXPIRED, day=last.ends_on)

    def _ends_during(self, held: Held, until: date) -> Sentence:
        """Covered at the start of the period, but not until its end."""
        month = self.period.month_of(until)
        values = {"day": until, "month": month, "months": self.period.months}
        if not any(c.ends_on == until for c in held):
            needed = self.schemes[self.scheme.prerequisite or self.scheme.code].name
            template = PREREQUISITE_FIRST_MONTH if month == 1 else PREREQUISITE_ENDS
            return self._sentence("prerequisite_ends_during_term", template, needed=needed, **values)
        template = FIRST_MONTH if month == 1 else ENDS
        return self._sentence("certificate_ends_during_term", template, **values)

    def _without_prerequisite(self) -> Sentence:
        needed = self.schemes[self.scheme.prerequisite or self.scheme.code].name
        return self._sentence("prerequisite_missing", PREREQUISITE_MISSING, needed=needed)

    def _sentence(self, code: str, template: str, **values: object) -> Sentence:
        return Sentence(code, template, {"scheme": self.scheme.name, **values})

    def say_gap(self, reason: Sentence | None, activities: Sequence[int]) -> list[Sentence]:
        """One sentence for each activity nobody holds; one for all the activities that miss for the same reason."""
        if reason is None:
            return [
                Sentence("activity_not_covered", NOT_COVERED, {
                    "scheme": self.scheme.code.upper(), "number": str(n), "name": self.scheme.activities.get(n, ""),
                })
                for n in activities
            ]  # fmt: skip
        if activities == [0] or reason.code == "certificate_missing":
            return [reason]
        numbers = ", ".join(str(n) for n in activities)
        template = ONE_ACTIVITY if len(activities) == 1 else SEVERAL_ACTIVITIES
        return [Sentence(reason.code, template, {"numbers": numbers, "reason": reason})]


MISSING = N_("Aucun certificat {scheme} déclaré.")
LEVEL_TOO_LOW = N_("Le certificat {scheme} est de niveau « {held} » : il faut au moins le niveau « {asked} ».")
LEVEL_UNSAID = N_("Le certificat {scheme} ne dit pas son niveau : il faut au moins le niveau « {asked} ».")
STARTS_LATE = N_("Le certificat {scheme} ne vaut qu'à partir du {day}, après le {start}.")
EXPIRED = N_("Le certificat {scheme} a expiré le {day}.")
VERSION_VOID = N_("Le certificat {scheme} suit la version {version}, qui ne vaut plus rien depuis le {day}.")
ENDS = N_("Le certificat {scheme} expire le {day}, au {month}e mois d'un contrat de {months}.")
FIRST_MONTH = N_("Le certificat {scheme} expire le {day}, au 1er mois d'un contrat de {months}.")
PREREQUISITE_MISSING = N_("Le certificat {scheme} ne vaut rien sans un certificat {needed} vérifié et en cours.")
PREREQUISITE_ENDS = N_(
    "Le certificat {scheme} ne vaut que jusqu'au {day}, fin du certificat {needed}, au {month}e mois d'un contrat de {months}."
)
PREREQUISITE_FIRST_MONTH = N_(
    "Le certificat {scheme} ne vaut que jusqu'au {day}, fin du certificat {needed}, au 1er mois d'un contrat de {months}."
)
NOT_COVERED = N_(
    "L'activité {scheme} {number} ({name}) n'est couverte ni par le prestataire ni par ses sous-traitants déclarés."
)
ONE_ACTIVITY = N_("Activité {numbers} : {reason}")
SEVERAL_ACTIVITIES = N_("Activités {numbers} : {reason}")
UNUSABLE = {
    "declared": N_("Le certificat {scheme} est déclaré, mais pas encore vérifié par la plateforme."),
    "suspended": N_("Le certificat {scheme} est suspendu."),
    "withdrawn": N_("Le certificat {scheme} a été retiré."),
    "rejected": N_("Le certificat {scheme} a été refusé par la plateforme."),
}
"""By how close the holder is to a usable certificate; an expired one comes after them when nothing else is held."""
