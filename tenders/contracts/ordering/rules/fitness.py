"""Whether a holder may be given an order today: not suspended, and its certificates valid at the moment of the call-off.

The same coverage as at matching (domain §5), asked for one day: certificates required as such are the holder's own,
HDS activities may be covered together with its running subcontractors.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from catalog.certifications.rules.coverage import Period, Requirement, coverage
from catalog.certifications.rules.states import HeldCertificate, Scheme
from catalog.providers.rules import Standing
from marketplace.platform.errors import N_, Sentence


@dataclass(frozen=True)
class Demanded:
    """What the lot requires of its holder all along."""

    certificates: tuple[str, ...] = ()
    hds_activities: frozenset[int] = frozenset()


def hindrances(
    holder_id: UUID, standing: Standing, certificates: Sequence[HeldCertificate], demanded: Demanded,
    schemes: Mapping[str, Scheme], today: date,
) -> tuple[Sentence, ...]:  # fmt: skip
    """Why the holder may not be given orders on this day; empty when it may. KeyError for an unknown scheme."""
    found: list[Sentence] = []
    if standing.is_suspended_on(today):
        found.append(Sentence("holder_suspended", SUSPENDED, {"day": standing.suspended_until}))
    on_that_day = Period(today, today)
    own = [each for each in certificates if each.holder == holder_id]
    for code in demanded.certificates:
        found += coverage(Requirement(code), own, on_that_day, schemes, today).missing
    if demanded.hds_activities:
        requirement = Requirement("hds", demanded.hds_activities)
        found += coverage(requirement, certificates, on_that_day, schemes, today).missing
    return tuple(found)


SUSPENDED: Final = N_("Il est suspendu de la plateforme jusqu'au {day}.")
