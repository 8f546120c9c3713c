"""Search of the published offers: one statement for answers and figures, one for what is shown of them.

An empty answer asks four more: words that nothing holds, those they resemble, the search again, what to loosen.
"""
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, Uuid, column, text
from sqlalchemy.orm import Session

from catalog.offers.rules import periods
from catalog.offers.search import sql
from catalog.offers.search.gathered_sql import gathered_statement, is_near
from catalog.offers.search.rules.words import categories_named, meant, trigrams, words_of
from catalog.providers.queries import list_own_providers
from marketplace.categories.models import ServiceCategory
from marketplace.categories.queries import list_categories
from marketplace.categories.units import PRICE_PERIODS
from marketplace.establishments.rules import fold
from marketplace.platform import clock
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.pagination import decode_cursor, encode_cursor
from marketplace.platform.permissions import Actor

PAGE: Final = 20
USUAL_TERM: Final = 12
FACETS: Final = ("category", "certificate", "hds_activity", "region", "delivery_mode")
CURSOR = (column("sort", Text()), column("key", Text()), column("id", Uuid()))
LOOSENED: Final[Mapping[int, str]] = {
    sql.REGION: "region", sql.CERTIFICATE: "certificate", sql.ACTIVITIES: "hds_activities", sql.CATEGORY: "category",
    sql.MODE: "delivery_mode", sql.WORDS: "q", sql.QUANTITY: "quantity", sql.PRICE: "maximum_unit_price",
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What a reader asks. `quantity` in the category's unit; euros excluding VAT per unit and the category's period."""

    q: str | None = None
    category: str | None = None
    certificate: str | None = None
    hds_activities: tuple[int, ...] = ()
    valid_on: date | None = None
    region: str | None = None
    delivery_mode: str | None = None
    quantity: int | None = None
    term_months: int = USUAL_TERM
    maximum_unit_price: Decimal | None = None
    sort: str | None = None


@dataclass(frozen=True)
class Found:
    """An offer among the answers; prices are None when there is no quantity, or when they are not for this reader."""

    id: UUID
    title: str
    provider_id: UUID
    provider_name: str
    category: str
    unit: str
    price_period: str
    minimum_quantity: int
    capacity: int | None
    delivery_modes: Sequence[str]
    response_hours: int | None
    prices_visible: bool
    amount: Decimal | None
    unit_price: Decimal | None
    proofs: Sequence[str]

    @property
    def certificates(self) -> list[str]:
        """Schemes its provider holds on the day."""
        return [proof for proof in self.proofs if ":" not in proof]

    @property
    def hds_activities(self) -> list[int]:
        """HDS activities covered on the day by its provider and its subcontractors."""
        return sorted(int(proof.partition(":")[2]) for proof in self.proofs if ":" in proof)


@dataclass(frozen=True)
class Answer:
    """A page of offers. `facets`: facet → value → how many, whatever the reader chose in that facet.

    `read_as`: mistyped word → what it was taken for. `loosened`: for an empty answer, filter → how many without it.
    `prices`: whose are compared and shown (all, public, own).
    """

    items: list[Found]
    next: str | None
    total: int
    facets: Mapping[str, Mapping[str, int]]
    sort: str
    valid_on: date
    prices: str
    read_as: Mapping[str, Sequence[str]] = field(default_factory=dict)
    loosened: Mapping[str, int] = field(default_factory=dict)


def search_offers(
    session: Session, actor: Actor, asked: Question, *, limit: int = PAGE, cursor: str | None = None
) -> Answer:
    """Published offers of verified providers that pass every filter; the order is total, so pages neither lose nor repeat."""
    categories = list_categories(session)
    filters = _filters(session, actor, asked, categories)
    sort = _sort(asked, filters)
    after = _after(cursor, sort)
    rows = _run(session, filters, sort, after, limit)
    read_as: dict[str, list[str]] = {}
    if filters.words and not _total(rows):
        read_as = _meant(session, filters)
        if read_as:
            filters = replace(filters, words=tuple(_reread(word, read_as) for word in filters.words))
            rows = _run(session, filters, sort, after, limit)
    hits = sorted((row for row in rows if row.kind == "hit"), key=lambda row: row.n)
    following = encode_cursor([sort, hits[limit - 1].sort, hits[limit - 1].key]) if len(hits) > limit else None
    total = _total(rows)
    return Answer(
        _shown(session, filters, [row.key for row in hits[:limit]]), following, total, _facets(rows), sort, filters.on,
        _prices(filters), read_as, {} if total else _loosened(session, filters),
    )  # fmt: skip


def price_sight(session: Session, actor: Actor) -> dict[str, Any]:
    """Which prices the reader sees, as `offers.rules.may_see_prices` decides row by row."""
    if actor.is_system:
        return {"sees_all_prices": True}
    own = tuple(p.id for p in list_own_providers(session, actor)) if actor.has_kind("provider") else ()
    if actor.has_kind("provider"):
        return {"own_providers": own}
    if actor.has_kind("care_operator") or actor.has_kind("purchasing_centre"):
        return {"sees_all_prices": True}
    return {"sees_public_prices": True}


def _filters(session: Session, actor: Actor, asked: Question, categories: Sequence[ServiceCategory]) -> sql.Filters:
    names = {c.code: {*fold(c.name_fr).split(), *fold(c.name_en).split()} for c in categories}
    words = words_of(fold(asked.q or ""))
    return sql.Filters(
        on=asked.valid_on or clock.today(), today=clock.today(),
        words=tuple(sql.Word((word,), tuple(categories_named(word, names))) for word in words),
        category=asked.category, certificate=asked.certificate,
        hds_activities=asked.hds_activities, region=asked.region, delivery_mode=asked.delivery_mode,
        quantity=asked.quantity, maximum_unit_price=asked.maximum_unit_price,
        periods={period: periods(asked.term_months, period) for period in PRICE_PERIODS},
        **price_sight(session, actor),
    )  # fmt: skip


def _sort(asked: Question, filters: sql.Filters) -> str:
    """The order asked for when it means something here; else by relevance to the words, else by name."""
    if asked.sort == "price" and filters.ranks_price:
        return "price"
    return "relevance" if filters.words and asked.sort != "name" else "name"


_KEY: Final = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,30})?|Infinity")


def _after(cursor: str | None, sort: str) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    before, key, offer_id = decode_cursor(cursor, CURSOR)
    try:
        if before != sort or (sort != "name" and not _KEY.fullmatch(key)):
            raise InvalidOperation
    except InvalidOperation as bad:
        raise BadInput({"cursor": [N_("Reprenez le curseur `next` de la page précédente, tel quel.")]}) from bad
    return key, offer_id


def _run(
    session: Session, filters: sql.Filters, sort: str, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Any]:
    write = gathered_statement if is_near(filters) else sql.search_statement
    statement = write(filters, sort, after)
    return session.execute(text(statement), sql.parameters(filters, after=after, limit=limit)).all()


def _total(rows: Sequence[Any]) -> int:
    return sum(row.n for row in rows if row.kind == "total")


def _facets(rows: Sequence[Any]) -> dict[str, dict[str, int]]:
    facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for row in rows:
        if row.kind in facets and (":" in row.key) == (row.kind == "hds_activity"):
            counts, value = facets[row.kind], row.key.rpartition(":")[2]
            counts[value] = counts.get(value, 0) + row.n
    return {name: {value: n for value, n in sorted(counts.items()) if n} for name, counts in facets.items()}


def _prices(filters: sql.Filters) -> str:
    return "all" if filters.sees_all_prices else "public" if filters.sees_public_prices else "own"


def _shown(session: Session, filters: sql.Filters, ids: Sequence[str]) -> list[Found]:
    """What is shown of these offers, in their order; one statement, none for none."""
    if not ids:
        return []
    values = {**sql.parameters(filters), "ids": list(ids)}
    rows = session.execute(text(sql.shown_statement(filters)), values)
    found = {str(row.id): Found(**row._mapping) for row in rows}
    return [found[offer_id] for offer_id in ids if offer_id in found]


_UNKNOWN = text("""
    SELECT word FROM unnest(CAST(:words AS text[])) AS word
    WHERE numnode(plainto_tsquery('french', word)) > 0
        AND NOT EXISTS (SELECT FROM offer_listings o WHERE o.document @@ plainto_tsquery('french', word))
""")
_RESEMBLING = text("""
    SELECT asked, word FROM (
        SELECT a.asked, t.word, row_number() OVER (PARTITION BY a.asked ORDER BY count(*) DESC, t.word) AS place
        FROM unnest(CAST(:asked AS text[]), CAST(:pieces AS text[])) AS a (asked, piece)
        JOIN search_trigrams t ON t.trigram = a.piece
        WHERE abs(length(t.word) - length(a.asked)) <= 2
        GROUP BY a.asked, t.word
    ) AS ranked WHERE place <= 100
""")


def _meant(session: Session, filters: sql.Filters) -> dict[str, list[str]]:
    """Words of the question that no listing holds, with those they were probably meant to be."""
    doubtful = [word.readings[0] for word in filters.words if not word.named]
    unknown = session.scalars(_UNKNOWN, {"words": doubtful}).all() if doubtful else []
    pieces = [(word, piece) for word in unknown for piece in sorted(trigrams(word))]
    if not pieces:
        return {}
    asked, parts = zip(*pieces, strict=True)
    near: dict[str, list[str]] = {}
    for word, other in session.execute(_RESEMBLING, {"asked": list(asked), "pieces": list(parts)}):
        near.setdefault(word, []).append(other)
    found = {word: meant(word, others) for word, others in near.items()}
    return {word: others for word, others in found.items() if others}


def _reread(word: sql.Word, read_as: Mapping[str, Sequence[str]]) -> sql.Word:
    others = read_as.get(word.readings[0])
    return replace(word, readings=tuple(others)) if others else word


def _loosened(session: Session, filters: sql.Filters) -> dict[str, int]:
    """Which single filter to drop, and how many answers that would give, the most first."""
    rows = session.execute(text(sql.loosening_statement(filters)), sql.parameters(filters)).all()
    return {LOOSENED[bit]: count for bit, count in sorted(rows, key=lambda row: (-row[1], row[0]))}
