"""Steps that gather the listings into columns of bits, one per value of a facet: counting 100,000 offers is then nothing.

What changed since, and providers whose proofs or plan are no longer those of the gathering, is judged row by row beside
them (sql.py): the columns are never wrong, only less useful the older they are. Nobody waits for a gathering: changes
only add a row to `listing_changes`.
"""
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, any_, delete, func, insert, literal, select, text
from sqlalchemy.orm import Session

from catalog.offers.search.models import GatheredProvider, ListingBits, ListingChange, ListingSet, ProviderListing
from catalog.offers.search.rules.bits import column, column_size, period_around, slices_of
from catalog.offers.search.sql import PAID_FOR
from marketplace.billing.listing import values_at
from marketplace.platform import clock
from marketplace.platform.database import transaction

EVERY: Final = "every"
A_FEW: Final = 10
"""Changed providers that are judged row by row without anybody noticing; in large catalogues, one in 500."""

# One statement, one snapshot: what a provider is and what it offers go together.
_LISTINGS = text(f"""
    SELECT l.provider_id, l.is_verified AND l.suspended_until IS NULL AS is_standing, {PAID_FOR} AS is_visible,
        l.region_set, l.period_starts, l.period_sets[width_bucket(CAST(:day AS date), l.period_starts)] AS proof_set,
        o.numbers, o.categories, o.modes, o.usual_units, o.minimums, o.capacities
    FROM provider_listings l LEFT JOIN (
        SELECT provider_id, array_agg(number) AS numbers, array_agg(category_code) AS categories,
            array_agg(array_to_string(delivery_modes, ' ')) AS modes, array_agg(usual_unit) AS usual_units,
            array_agg(minimum_quantity) AS minimums, array_agg(capacity) AS capacities
        FROM offer_listings GROUP BY provider_id
    ) o ON o.provider_id = l.provider_id
""")


@dataclass(frozen=True)
class Gathered:
    """The columns by kind and key, and what they hold of each provider."""

    columns: dict[tuple[str, str], str]
    providers: list[dict[str, Any]]


def note_changes(session: Session, provider_ids: Iterable[UUID]) -> None:
    """Step: from now on these providers are judged row by row, until the next gathering."""
    session.add_all(ListingChange(provider_id=provider_id) for provider_id in provider_ids)


def gather(session: Session) -> int:
    """Step: write every column again from the listings of this moment; how many.

    Changes are read before the listings: one that commits in between stays noted. No lock is taken on any provider.
    """
    session.flush()
    session.execute(text("LOCK TABLE listing_bits IN SHARE ROW EXCLUSIVE MODE"))
    seen = session.scalars(select(ListingChange.id)).all()
    gathered = read_columns(session, clock.today())
    for model in (ListingBits, GatheredProvider):
        session.execute(delete(model).execution_options(synchronize_session=False))
    # One array, whatever has piled up: a parameter per row ends at 65,535 of them.
    gone = delete(ListingChange).where(ListingChange.id == any_(literal(seen, ARRAY(BigInteger))))
    session.execute(gone.execution_options(synchronize_session=False))
    session.execute(
        text("INSERT INTO listing_bits (kind, key, bits) VALUES (:kind, :key, CAST(CAST(:bits AS text) AS varbit))"),
        [{"kind": kind, "key": key, "bits": bits} for (kind, key), bits in gathered.columns.items()],
    )
    if gathered.providers:
        session.execute(insert(GatheredProvider), gathered.providers)
    return len(gathered.columns)


def gather_when_due() -> int:
    """Use case of the scheduler: gather when it is another day, or when enough has changed to be felt; how many columns."""
    with transaction() as session:
        changed = session.scalar(select(func.count(ListingChange.provider_id.distinct()))) or 0
        known = session.scalar(select(func.count()).select_from(ProviderListing)) or 0
        day = session.scalar(select(ListingBits.key).where(ListingBits.kind == EVERY))
        if not known or (day == clock.today().isoformat() and changed <= max(A_FEW, known // 500)):
            return 0
        return gather(session)


def read_columns(session: Session, day: date) -> Gathered:
    """What the columns of a day are; writes nothing."""
    rows = session.execute(_LISTINGS, {**values_at(clock.now()), "day": day}).all()
    sets = {row.id: row.members for row in session.execute(select(ListingSet.id, ListingSet.members))}
    having: dict[tuple[str, Any], list[int]] = defaultdict(list)
    having[EVERY, day.isoformat()] = []
    providers = []
    for row in rows:
        numbers = row.numbers if row.is_standing and row.is_visible and row.numbers else []
        having[EVERY, day.isoformat()] += numbers
        having["region_set", row.region_set] += numbers
        having["proof_set", row.proof_set] += numbers
        if numbers:
            for name, listed in _offers(row):
                having[name].append(listed)
        since, until = period_around(row.period_starts, day)
        providers.append({"provider_id": row.provider_id, "numbers": numbers, "is_visible": row.is_visible,
                          "holds_from": since, "holds_until": until})  # fmt: skip
    size = column_size(having[EVERY, day.isoformat()])
    opened = _opened(having, sets)
    return Gathered({name: column(numbers, size) for name, numbers in opened.items()}, providers)


def _offers(row: Any) -> Iterator[tuple[tuple[str, Any], int]]:
    facts = (row.numbers, row.categories, row.modes, row.usual_units, row.minimums, row.capacities)
    for number, category, modes, is_usual, minimum, capacity in zip(*facts, strict=True):
        yield ("category", category), number
        yield ("mode_set", modes), number
        yield ("minimum_quantity", minimum), number
        yield ("capacity", capacity), number
        if is_usual:
            yield ("usual_unit", ""), number


def _opened(having: dict[tuple[str, Any], list[int]], sets: dict[int, list[str]]) -> dict[tuple[str, str], list[int]]:
    """Sets by their members, quantities by their binary digits; the rest as it is."""
    opened: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (kind, key), numbers in having.items():
        for name in _names(kind, key, sets):
            opened[name] += numbers
    return dict(opened)


def _names(kind: str, key: Any, sets: dict[int, list[str]]) -> list[tuple[str, str]]:
    if kind == "region_set":
        return [("region", member) for member in sets[key]]
    if kind == "proof_set":
        return [("hds_activity" if ":" in member else "certificate", member) for member in sets.get(key, ())]
    if kind == "mode_set":
        return [("delivery_mode", mode) for mode in key.split()]
    if kind in ("minimum_quantity", "capacity"):
        return [(kind, str(place)) for place in slices_of(key)]
    return [(kind, key)]
