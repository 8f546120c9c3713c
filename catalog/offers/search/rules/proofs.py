"""What a provider proves on every day, as periods: from the certificate rule itself, so that the search cannot lie."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from catalog.certifications.rules.coverage import Schemes, covered_spans
from catalog.certifications.rules.spans import A_DAY, Span
from catalog.certifications.rules.states import HeldCertificate

SHARED: Final = "hds"
"""The scheme whose activities a provider and its declared subcontractors may cover together (domain §5)."""


@dataclass(frozen=True)
class ProofPeriod:
    """From this day to the eve of the next period, exactly these proofs hold."""

    starts_on: date
    proofs: frozenset[str]


def activity_proof(number: int) -> str:
    """The word for an HDS activity that is covered, by the provider or with its subcontractors."""
    return f"{SHARED}:{number}"


def proof_periods(
    provider_id: UUID, certificates: Sequence[HeldCertificate], schemes: Schemes, today: date
) -> list[ProofPeriod]:
    """Ascending periods of a provider's proofs, as decided up to `today`; the last one proves nothing.

    A scheme by its code: the provider's own certificate, with its prerequisite. An HDS activity as `hds:3`: covered by
    the provider and its subcontractors together.
    """
    own = [held for held in certificates if held.holder == provider_id]
    spans: dict[str, list[Span]] = {code: covered_spans(code, None, own, schemes, today) for code in schemes}
    if SHARED in schemes:
        for number in schemes[SHARED].activities:
            spans[activity_proof(number)] = covered_spans(SHARED, number, certificates, schemes, today)
    return _periods(spans)


def _periods(spans: dict[str, list[Span]]) -> list[ProofPeriod]:
    edges = {edge for each in spans.values() for span in each for edge in (span.starts_on, span.ends_on + A_DAY)}
    periods: list[ProofPeriod] = []
    for day in sorted(edges):
        proofs = frozenset(code for code, each in spans.items() if any(s.starts_on <= day <= s.ends_on for s in each))
        if not periods or periods[-1].proofs != proofs:
            periods.append(ProofPeriod(day, proofs))
    return periods


def held_on(periods: Sequence[ProofPeriod], day: date) -> dict[str, date]:
    """What is proved on a day, each with the last day on which it still holds without a hole."""
    begun = [period for period in periods if period.starts_on <= day]
    following = [period for period in periods if period.starts_on > day]
    found = {}
    for proof in sorted(begun[-1].proofs) if begun else []:
        lost = next(period.starts_on for period in following if proof not in period.proofs)
        found[proof] = lost - A_DAY
    return found
