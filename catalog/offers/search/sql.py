"""The search as one SQL statement: who passes, how many by each facet, and the page, whatever was asked.

Each selected facet is a bit. A row that fails none is an answer; one that fails a single facet still counts in that
facet's own figures, which thus ignore the reader's choice in it. Providers are judged first (region, certificates on
the day), then offers. Fragments are constants of this module: what the reader wrote only ever travels as a parameter.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from catalog.offers.search.rules.proofs import activity_proof
from catalog.offers.search.rules.words import category_lexeme
from marketplace.billing.listing import values_at, visible_sql
from marketplace.platform import clock

REGION, CERTIFICATE, ACTIVITIES, CATEGORY, MODE, WORDS, QUANTITY, PRICE = (1 << place for place in range(8))
PROVIDER_BITS: Final = (0, REGION, CERTIFICATE, ACTIVITIES)
SORTS: Final = ("relevance", "price", "name")


@dataclass(frozen=True)
class Word:
    """One word of the question: how it may be read, and the codes of the categories it names."""

    readings: tuple[str, ...]
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filters:
    """What is asked, ready for SQL. Every word must be found. `on`: the certificates' day.

    `quantity` is in the unit of each category, `maximum_unit_price` per that unit and the category's usual period.
    `periods` maps a price period to how often it falls due over the term.
    """

    on: date
    today: date
    words: tuple[Word, ...] = ()
    category: str | None = None
    certificate: str | None = None
    hds_activities: tuple[int, ...] = ()
    region: str | None = None
    delivery_mode: str | None = None
    quantity: int | None = None
    maximum_unit_price: Decimal | None = None
    periods: Mapping[str, int] = field(default_factory=dict)
    sees_all_prices: bool = False
    sees_public_prices: bool = False
    own_providers: tuple[UUID, ...] = ()

    @property
    def bounds_price(self) -> bool:
        """Whether a price is asked not to be passed: prices are compared at a quantity only."""
        return self.quantity is not None and self.maximum_unit_price is not None

    @property
    def ranks_price(self) -> bool:
        """Whether prices can be put in order: at a quantity, within one category."""
        return self.quantity is not None and self.category is not None


PAID_FOR: Final = visible_sql("l.provider_id", "v.id", "JOIN providers v ON v.organisation_id = s.organisation_id")
LISTED: Final = f"l.is_verified AND (l.suspended_until IS NULL OR l.suspended_until < :today) AND {PAID_FOR}"
"""Which providers the search shows at all, over provider_listings l: the one place where one is left out."""


def _selected(condition: str, bit: int, asked: object) -> str:
    """The bit of a facet for rows that fail it; nothing when it was not asked."""
    return f"CASE WHEN {condition} THEN 0 ELSE {bit} END" if asked else "0"


ONE_AT_MOST: Final = f"missed IN ({', '.join(map(str, PROVIDER_BITS))})"


def _has(members: str, number: str) -> str:
    return f"{number} IN (SELECT id FROM listing_sets WHERE members @> CAST(:{members} AS text[]))"


def providers(f: Filters, kept: str = ONE_AT_MOST, among: str = "provider_listings") -> str:
    """p: the providers that are shown, each with the facets it fails, out of `among`."""
    missed = " + ".join((
        _selected(_has("regions", "region_set"), REGION, f.region),
        _selected(_has("certificates", "proof_set"), CERTIFICATE, f.certificate),
        _selected(_has("activities", "proof_set"), ACTIVITIES, f.hds_activities),
    ))  # fmt: skip
    return f"""p AS MATERIALIZED (
        SELECT * FROM (
            SELECT provider_id, region_set, proof_set, {missed} AS missed
            FROM (SELECT l.provider_id, l.region_set, l.period_sets[width_bucket(:day, l.period_starts)] AS proof_set
                  FROM {among} l WHERE {LISTED}) AS day_sets
        ) AS judged WHERE {kept})"""


def _due(column: str) -> str:
    """How often a price period falls due over the term."""
    return f"(CASE o.{column} WHEN 'once' THEN :once WHEN 'month' THEN :months ELSE :years END)"


LINE: Final = "width_bucket(CAST(:quantity AS bigint), o.thresholds)"
AMOUNT: Final = f"""((o.base_amounts[{LINE}] + o.unit_amounts[{LINE}] * CAST(:quantity AS bigint)
        + COALESCE(CAST(o.regional_uplifts ->> :uplift_region AS numeric), 0) * CAST(:quantity AS bigint))
        * {_due("price_period")} + o.mobilisation_amount)"""
"""Euros excluding VAT over the term, mobilisation and uplift included: what `amount_over_term` says before it rounds."""


def _sees(f: Filters) -> str:
    if f.sees_all_prices:
        return "true"
    own = "o.provider_id = ANY(CAST(:own AS uuid[]))"
    return f"(o.prices_public OR {own})" if f.sees_public_prices else own


def _price_holds(f: Filters) -> str:
    spread = f"(CAST(:quantity AS numeric) * {_due('usual_period')})"
    return f"({_sees(f)} AND round(CAST({AMOUNT} AS numeric(60, 24)) / {spread}, 4) <= :maximum)"


QUANTITY_HOLDS: Final = (
    "(o.minimum_quantity <= :quantity AND (o.capacity IS NULL OR o.capacity >= :quantity)"
    " AND o.usual_unit)"
)
MODE_HOLDS: Final = "o.delivery_modes @> CAST(:modes AS text[])"


def _query(f: Filters) -> str:
    """Every word, each in any of its readings, or the categories it names."""
    each = [
        f"(to_tsquery('french', :word{place}) || CAST(:named{place} AS tsquery))" if word.named
        else f"to_tsquery('french', :word{place})"
        for place, word in enumerate(f.words)
    ]  # fmt: skip
    return f"({' && '.join(each)})"


def words_hold(f: Filters) -> str:
    """The condition that an offer holds every word."""
    return f"o.document @@ {_query(f)}"


def base(f: Filters) -> str:
    """Conditions that are no facet: words, quantity, price."""
    asked = (
        (words_hold(f), f.words), (QUANTITY_HOLDS, f.quantity is not None),
        (_price_holds(f), f.bounds_price),
    )  # fmt: skip
    return " AND ".join([condition for condition, is_asked in asked if is_asked] or ["true"])


def carries_name(f: Filters, sort: str) -> bool:
    """Whether the rows bring their name along: without a category all are read anyway, and too many to look up again."""
    return sort == "name" and f.category is None


ONE_OF_ALL: Final = ", ".join(map(str, (*PROVIDER_BITS, MODE)))


def _offers(f: Filters, sort: str) -> str:
    """m: offers (of the category) that fail one facet at most; others.

    The category's own rows are materialised first: guessing how many providers pass, the planner would look them up one
    by one.
    """
    chosen = "" if f.category is None else "AND o.category_code = :category"
    return f"""o AS MATERIALIZED (
            SELECT o.offer_id, o.provider_id, o.category_code, o.delivery_modes, {_listed(f, sort)}
            FROM offer_listings o WHERE {base(f)} {chosen}),
        m AS MATERIALIZED (
            SELECT * FROM (
                SELECT o.offer_id, o.category_code, o.delivery_modes, o.sort_name, p.region_set, p.proof_set,
                    p.missed + o.missed AS missed
                FROM o JOIN p ON p.provider_id = o.provider_id
            ) AS joined WHERE missed IN ({ONE_OF_ALL})),
        {others(f)}"""


def _listed(f: Filters, sort: str) -> str:
    name = "o.sort_name" if carries_name(f, sort) else "CAST(NULL AS text) AS sort_name"
    return f"{name}, {_selected(MODE_HOLDS, MODE, f.delivery_mode)} AS missed"


def offers_of_few(f: Filters, sort: str) -> str:
    """The same m and others, for providers p so few that each one's offers are looked up."""
    chosen = "" if f.category is None else "AND o.category_code = :category"
    return f"""m AS MATERIALIZED (
            SELECT offer_id, category_code, delivery_modes, sort_name, region_set, proof_set, judged + missed AS missed FROM (
                SELECT o.offer_id, o.category_code, o.delivery_modes, p.region_set, p.proof_set, p.missed AS judged,
                    {_listed(f, sort)}
                FROM p JOIN offer_listings o ON o.provider_id = p.provider_id WHERE {base(f)} {chosen}
            ) AS joined WHERE judged + missed IN ({ONE_OF_ALL})),
        {others(f)}"""


def others(f: Filters) -> str:
    """How many each other category would have."""
    in_the_mode = f"AND {MODE_HOLDS}" if f.delivery_mode else ""
    none = "WHERE false" if f.category is None else ""
    return f"""others AS MATERIALIZED (
            SELECT * FROM (
                SELECT o.category_code, count(*) AS n
                FROM p JOIN offer_listings o ON o.provider_id = p.provider_id
                WHERE p.missed = 0 AND o.category_code <> COALESCE(:category, '') AND {base(f)} {in_the_mode} GROUP BY 1
            ) AS counted {none})"""


def _by_set(kind: str, number: str, missed: str) -> str:
    """How many by each member of the sets: sets are counted first, then opened."""
    return f"""SELECT '{kind}', member, CAST(sum(n) AS bigint), NULL
        FROM (SELECT {number} AS number, count(*) AS n FROM m WHERE missed IN ({missed}) GROUP BY 1) AS counted
        JOIN listing_sets s ON s.id = number CROSS JOIN LATERAL unnest(s.members) AS member GROUP BY 2"""


COUNTS: Final = f"""SELECT 'total' AS kind, NULL AS key, count(*) AS n, NULL AS sort FROM m WHERE missed = 0
    UNION ALL SELECT 'category', category_code, count(*), NULL FROM m WHERE missed = 0 GROUP BY 2
    UNION ALL SELECT 'category', category_code, n, NULL FROM others
    UNION ALL SELECT 'delivery_mode', mode, count(*), NULL
        FROM m CROSS JOIN LATERAL unnest(delivery_modes) AS mode WHERE missed IN (0, {MODE}) GROUP BY 2
    UNION ALL {_by_set("region", "region_set", f"0, {REGION}")}
    UNION ALL {_by_set("certificate", "proof_set", f"0, {CERTIFICATE}")}
    UNION ALL {_by_set("hds_activity", "proof_set", f"0, {ACTIVITIES}")}"""


def sort_key(f: Filters, sort: str) -> str:
    """What the page is ordered by, ascending, before the offer's id."""
    if sort == "relevance":
        return f"-round(CAST(ts_rank(o.document, {_query(f)}) AS numeric), 6)"
    if sort == "price":
        return f"CASE WHEN {_sees(f)} THEN round({AMOUNT}, 2) ELSE CAST('Infinity' AS numeric) END"
    return "o.sort_name"


def page_rows(f: Filters, sort: str) -> str:
    """The answers among m, as (offer_id, key)."""
    source = "m" if carries_name(f, sort) else "m JOIN offer_listings o ON o.offer_id = m.offer_id"
    key = "m.sort_name" if carries_name(f, sort) else sort_key(f, sort)
    return f"SELECT m.offer_id, {key} AS key FROM {source} WHERE m.missed = 0"


def beyond(sort: str, after: tuple[str, UUID] | None, key: str = "key") -> str:
    """The condition on rows of the page: those after the cursor."""
    kind = "text" if sort == "name" else "numeric"
    return f"({key}, offer_id) > (CAST(:after_key AS {kind}), CAST(:after_id AS uuid))" if after else "true"


def page(f: Filters, sort: str, after: tuple[str, UUID] | None, answers: str) -> str:
    """The rows 'hit' in their order, out of (offer_id, key)."""
    return f"""SELECT 'hit', CAST(offer_id AS text), row_number() OVER (ORDER BY key, offer_id), CAST(key AS text)
        FROM (SELECT * FROM ({answers}) AS answers
              WHERE {beyond(sort, after)} ORDER BY key, offer_id LIMIT :limit) AS page"""


def search_statement(f: Filters, sort: str, after: tuple[str, UUID] | None) -> str:
    """Rows (kind, key, n, sort): 'total', the facets' counts, and 'hit' in the page's order (n)."""
    return f"WITH {providers(f)}, {_offers(f, sort)} {COUNTS} UNION ALL {page(f, sort, after, page_rows(f, sort))}"


def shown_statement(f: Filters) -> str:
    """What is shown of the offers `ids`: their own row, their provider, the price at the quantity, the day's proofs."""
    sees, amount, price = _sees(f), "CAST(NULL AS numeric)", "CAST(NULL AS numeric)"
    if f.quantity is not None:
        amount = f"CASE WHEN {sees} THEN round({AMOUNT}, 2) END"
        spread = f"(CAST(:quantity AS numeric) * {_due('price_period')})"
        price = f"CASE WHEN {sees} THEN round(CAST({AMOUNT} AS numeric(60, 24)) / {spread}, 4) END"
    return f"""SELECT o.offer_id AS id, f.title, o.provider_id, pr.name AS provider_name, o.category_code AS category, o.unit,
            o.price_period, o.minimum_quantity, o.capacity, o.delivery_modes, f.response_hours, {sees} AS prices_visible,
            {amount} AS amount, {price} AS unit_price, COALESCE(s.members, '{{}}') AS proofs
        FROM offer_listings o JOIN offers f ON f.id = o.offer_id JOIN providers pr ON pr.id = o.provider_id
        JOIN provider_listings l ON l.provider_id = o.provider_id
        LEFT JOIN listing_sets s ON s.id = l.period_sets[width_bucket(:day, l.period_starts)]
        WHERE o.offer_id = ANY(CAST(:ids AS uuid[]))"""


def loosening_statement(f: Filters) -> str:
    """Rows (bit, n): how many offers fail that one condition and no other; looks at every offer, for empty answers only."""
    bits = [
        ("o.category_code = :category", CATEGORY, f.category),
        (MODE_HOLDS, MODE, f.delivery_mode),
        (words_hold(f), WORDS, f.words),
        (QUANTITY_HOLDS, QUANTITY, f.quantity is not None),
        (_price_holds(f), PRICE, f.bounds_price),
    ]
    missed = " + ".join(_selected(*each) for each in bits)
    every = ", ".join(str(1 << place) for place in range(8))
    return f"""WITH {providers(f, "true")}
        SELECT missed, count(*) FROM (
            SELECT p.missed + {missed} AS missed FROM offer_listings o JOIN p ON p.provider_id = o.provider_id
        ) AS judged WHERE missed IN ({every}) GROUP BY 1"""


def parameters(f: Filters, *, after: tuple[str, UUID] | None = None, limit: int = 0) -> dict[str, Any]:
    """Every parameter a statement of this module may name."""
    key, offer_id = after or (None, None)
    words = {f"word{place}": " | ".join(word.readings) for place, word in enumerate(f.words)}
    named = {f"named{place}": " | ".join(map(category_lexeme, word.named)) for place, word in enumerate(f.words)}
    return {
        **words, **named,
        **values_at(clock.now()), "day": f.on, "today": f.today, "category": f.category,
        "regions": [f.region], "certificates": [f.certificate], "modes": [f.delivery_mode],
        "activities": [activity_proof(number) for number in f.hds_activities],
        **{f"activity{place}": activity_proof(number) for place, number in enumerate(f.hds_activities)},
        "region": f.region, "certificate": f.certificate, "mode": f.delivery_mode,
        "quantity": f.quantity, "maximum": f.maximum_unit_price, "uplift_region": f.region,
        "once": f.periods.get("once", 1), "months": f.periods.get("month", 1), "years": f.periods.get("year", 1),
        "own": list(f.own_providers), "after_key": key, "after_id": offer_id,
        "limit": limit + 1,
    }  # fmt: skip
