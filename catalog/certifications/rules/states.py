"""The state of a certificate on a day: computed from dated facts, by one definition read in Python and in SQL."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

HAS_HAPPENED, IS_OVER = "has happened", "is over"

DEFINITION: Final = (
    ("withdrawn", "withdrawn_on", HAS_HAPPENED),
    ("rejected", "rejected_on", HAS_HAPPENED),
    ("expired", "ends_on", IS_OVER),
    ("suspended", "suspended_on", HAS_HAPPENED),
    ("verified", "verified_on", HAS_HAPPENED),
)
"""Read from the top; the first line that holds gives the state, and none of them means declared.

`ends_on` is the last day of the certificate or of its version, whichever comes first: ISO/IEC 27001:2013 certificates
were worth nothing after 2025-10-31 whatever was printed on them (domain §5).
"""
OTHERWISE: Final = "declared"
STATES: Final = ("declared", "verified", "suspended", "withdrawn", "rejected", "expired")

_TESTS: Final[Mapping[str, Callable[[date | None, date], bool]]] = {
    HAS_HAPPENED: lambda value, day: value is not None and value <= day,
    IS_OVER: lambda value, day: value is not None and value < day,
}


@dataclass(frozen=True)
class Version:
    """A version of a referential: usable from and void after, days included; None is no bound.

    `hosting_in_eea`: it certifies sites of the European Economic Area alone (HDS v2, domain §5).
    """

    code: str
    usable_from: date | None = None
    void_after: date | None = None
    hosting_in_eea: bool = False


@dataclass(frozen=True)
class Scheme:
    """A scheme as the rules see it. `name` and the names of `activities` are in the reader's language."""

    code: str
    name: str
    maximum_months: int
    versions: Mapping[str, Version]
    activities: Mapping[int, str]
    prerequisite: str | None = None
    names_sites: bool = False
    levels: Mapping[int, str] = field(default_factory=dict)
    """Names by rank, the lowest first; none where the scheme has no levels."""


@dataclass(frozen=True)
class HeldCertificate:
    """A certificate and its facts, as Paris days. `holder` is the provider that holds it: the prime or a subcontractor."""

    holder: UUID | str
    scheme: str
    valid_from: date
    valid_until: date
    version: Version | None = None
    activities: frozenset[int] = frozenset()
    number: str = ""
    verified_on: date | None = None
    suspended_on: date | None = None
    withdrawn_on: date | None = None
    rejected_on: date | None = None
    level: int | None = None
    """Its rank among the levels of its scheme; None where there are none, or it does not say."""

    @property
    def starts_on(self) -> date:
        """The first day it is worth something: its own, or the first day of its version."""
        opens = self.version.usable_from if self.version else None
        return max(self.valid_from, opens) if opens else self.valid_from

    @property
    def ends_on(self) -> date:
        """The last day it is worth something: its own, or the last day of its version."""
        void_after = self.version.void_after if self.version else None
        return min(self.valid_until, void_after) if void_after else self.valid_until

    @property
    def is_cut_by_its_version(self) -> bool:
        """Whether its version ends before the certificate itself."""
        return self.ends_on < self.valid_until


def state_on(certificate: HeldCertificate, day: date) -> str:
    """One of STATES on a Paris day, past days included."""
    for state, fact, test in DEFINITION:
        value: Any = getattr(certificate, fact)
        if _TESTS[test](value, day):
            return state
    return OTHERWISE


def is_trusted(certificate: HeldCertificate, day: date) -> bool:
    """Whether the platform stands behind it on this day: verified, neither suspended, withdrawn nor rejected.

    Says nothing about its validity: an expired certificate was still worth something on its days.
    """
    facts = (certificate.withdrawn_on, certificate.rejected_on, certificate.suspended_on)
    happened = _TESTS[HAS_HAPPENED]
    return happened(certificate.verified_on, day) and not any(happened(fact, day) for fact in facts)
