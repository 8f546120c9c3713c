"""The same search out of the gathered columns of bits (gathering.py), for a day near the gathering's.

A facet's figures are the bits that pass everything but the facet itself, cut with each of its values and counted. Whoever
is not as gathered (`apart`: changed since, suspended, or proving something else on the day) is left out of the bits and
judged row by row as in sql.py; both are added up by who reads the rows.
"""
from datetime import timedelta
from typing import Final
from uuid import UUID

from catalog.offers.search import sql
from catalog.offers.search.rules.bits import LARGEST, SLICES
from catalog.offers.search.sql import Filters

NEAR: Final = timedelta(days=45)
"""Beyond, most providers prove something else than on the gathering's day."""
MANY: Final = 200
"""Answers from which walking the names until a page is full costs less than looking for the bits that are set."""
BLOCK: Final = 128
ONE_BY_ONE: Final = (
    "apart CROSS JOIN LATERAL (SELECT * FROM provider_listings r WHERE r.provider_id = apart.provider_id OFFSET 0)"
)
"""OFFSET 0 keeps it one by one: nothing at all is looked at when nobody is apart."""

SUBSCRIBED: Final = "SELECT v.id FROM listing_subscriptions s JOIN providers v ON v.organisation_id = s.organisation_id"
FREE: Final = (
    "EXISTS (SELECT FROM listing_plans WHERE monthly_amount = 0 AND (retired_on IS NULL OR retired_on >= :listed_on))"
)
# The last two: providers without a plan of their own, when the free plan came or went since. Usually neither is looked at.
APART: Final = f"""apart AS MATERIALIZED (
        SELECT provider_id FROM listing_changes
        UNION SELECT provider_id FROM provider_listings WHERE suspended_until IS NOT NULL
        UNION SELECT provider_id FROM gathered_providers WHERE holds_until <= :day
        UNION SELECT provider_id FROM gathered_providers WHERE holds_from > :day
        UNION SELECT l.provider_id FROM gathered_providers l
            WHERE l.provider_id IN ({SUBSCRIBED}) AND l.is_visible IS DISTINCT FROM ({sql.PAID_FOR})
        UNION SELECT provider_id FROM gathered_providers
            WHERE NOT is_visible AND provider_id NOT IN ({SUBSCRIBED}) AND {FREE}
        UNION SELECT provider_id FROM gathered_providers
            WHERE is_visible AND provider_id NOT IN ({SUBSCRIBED}) AND NOT {FREE})"""
EVERY: Final = """every AS MATERIALIZED (
        SELECT bits, bits # bits AS none, length(bits) AS size FROM listing_bits WHERE kind = 'every')"""
ANSWERS, HOW_MANY = "(SELECT answers FROM answering)", "(SELECT n FROM answering)"


def is_near(f: Filters) -> bool:
    """Whether the columns help: a near day, and no price to compute for each offer."""
    return abs(f.on - f.today) <= NEAR and not f.bounds_price


def gathered_statement(f: Filters, sort: str, after: tuple[str, UUID] | None) -> str:
    """Rows as `sql.search_statement` gives them, but a kind and key may come twice: their figures add up."""
    few = sql.providers(f, among=ONE_BY_ONE)
    named = [
        APART, EVERY, few, sql.offers_of_few(f, sort), *([_matching(f)] if f.words else []), _passing(f), _answering(f)
    ]  # fmt: skip
    hits = f"{sql.page_rows(f, sort)} UNION ALL {_hits(f, sort, after)}"
    return f"WITH {', '.join(named)} {sql.COUNTS} UNION ALL {_counts(f)} UNION ALL {sql.page(f, sort, after, hits)}"


def _matching(f: Filters) -> str:
    return f"""matching AS MATERIALIZED (
        SELECT o.offer_id, o.number FROM offer_listings o WHERE {sql.words_hold(f)})"""


def _column(numbers: str) -> str:
    """The column in which the bits of these numbers are set; nothing for none."""
    return f"""(SELECT CAST(rpad(string_agg(repeat('0', number - before - 1) || '1', '' ORDER BY number), max(size), '0')
                AS bit varying)
            FROM (SELECT number, lag(number, 1, -1) OVER (ORDER BY number) AS before, size
                  FROM ({numbers}) AS numbers CROSS JOIN every WHERE number < size) AS steps)"""


def _value(kind: str, key: str) -> str:
    """The column of one value; no bit when nothing has it."""
    return f"COALESCE((SELECT b.bits FROM listing_bits b WHERE b.kind = '{kind}' AND b.key = {key}), none)"


def _at_most(kind: str, quantity: int) -> str:
    """The listings whose quantity is at most this, digit by digit from the last (none set: equal)."""
    passing = "~none"
    for place in range(SLICES):
        digit = _value(kind, f"'{place}'")
        passing = f"(~{digit} | {passing})" if quantity >> place & 1 else f"(~{digit} & {passing})"
    return passing


def _passing(f: Filters) -> str:
    """Those that are as gathered and pass what is no facet; beside them, each facet that was asked."""
    left_out = _column("SELECT unnest(g.numbers) AS number FROM gathered_providers g JOIN apart USING (provider_id)")
    passing = [f"bits & ~COALESCE({left_out}, none)"]
    if f.words:
        passing.append(f"COALESCE({_column('SELECT number FROM matching')}, none)")
    if f.quantity is not None:
        quantity = min(f.quantity, LARGEST - 1)
        enough = f"~{_at_most('capacity', quantity - 1)}"
        passing += [_at_most("minimum_quantity", quantity), enough, _value("usual_unit", "''")]
    chosen = "".join(f", {columns} AS {name}" for name, columns in _chosen(f).items())
    return f"passing AS MATERIALIZED (SELECT {' & '.join(passing)} AS passing{chosen} FROM every)"


def _chosen(f: Filters) -> dict[str, str]:
    """Facet → the listings that have what was chosen in it, for those where something was."""
    several = " & ".join(_value("hds_activity", f":activity{place}") for place in range(len(f.hds_activities)))
    asked = {
        "category": (_value("category", ":category"), f.category),
        "region": (_value("region", ":region"), f.region),
        "certificate": (_value("certificate", ":certificate"), f.certificate),
        "hds_activity": (several, f.hds_activities),
        "delivery_mode": (_value("delivery_mode", ":mode"), f.delivery_mode),
    }  # fmt: skip
    return {name: columns for name, (columns, value) in asked.items() if value}


def _answering(f: Filters) -> str:
    """The answers, and for each facet that was asked those that would be there without it."""
    names = list(_chosen(f))

    def cut(left_out: str | None = None) -> str:
        return " & ".join(["passing", *(name for name in names if name != left_out)])

    without = "".join(f", {cut(name)} AS without_{name}" for name in names)
    return f"""answering AS MATERIALIZED (
        SELECT *, bit_count(answers) AS n FROM (SELECT {cut()} AS answers{without} FROM passing) AS cut)"""


def _counts(f: Filters) -> str:
    chosen = _chosen(f)
    counted = [
        f"""SELECT b.kind, b.key, bit_count(b.bits & a.{f"without_{kind}" if kind in chosen else "answers"}), NULL
            FROM answering a, listing_bits b WHERE b.kind = '{kind}'"""
        for kind in ("category", "region", "certificate", "hds_activity", "delivery_mode")
    ]
    return " UNION ALL ".join(["SELECT 'total', NULL, n, NULL FROM answering", *counted])


def _is_answer(number: str) -> str:
    return f"CASE WHEN {number} < length({ANSWERS}) THEN get_bit({ANSWERS}, {number}) = 1 ELSE false END"


def _hits(f: Filters, sort: str, after: tuple[str, UUID] | None) -> str:
    """(offer_id, key) of the answers; by name no more of them than a page needs, when there are many."""
    if sort == "relevance":
        return f"""SELECT o.offer_id, {sql.sort_key(f, sort)} FROM matching w
            JOIN offer_listings o ON o.offer_id = w.offer_id WHERE {_is_answer("w.number")}"""
    if sort == "price":
        return f"""SELECT o.offer_id, {sql.sort_key(f, sort)} FROM offer_listings o
            WHERE o.category_code = :category AND {_is_answer("o.number")}"""
    walked = f"""SELECT o.offer_id, o.sort_name FROM offer_listings o
        WHERE {HOW_MANY} >= {MANY} AND {_is_answer("o.number")} AND {sql.beyond(sort, after, "o.sort_name")}
        ORDER BY o.sort_name, o.offer_id LIMIT :limit"""
    found = f"""SELECT o.offer_id, o.sort_name FROM (
            SELECT start + place AS number FROM (
                SELECT start, substring({ANSWERS} FROM start + 1 FOR {BLOCK}) AS block
                FROM generate_series(0, length({ANSWERS}) - 1, {BLOCK}) AS start
                WHERE {HOW_MANY} < {MANY} OFFSET 0) AS blocks, generate_series(0, length(block) - 1) AS place
            WHERE bit_count(block) > 0 AND get_bit(block, place) = 1) AS bits
        CROSS JOIN LATERAL (SELECT * FROM offer_listings l WHERE l.number = bits.number OFFSET 0) AS o"""
    return f"(SELECT * FROM ({walked}) AS walked) UNION ALL ({found})"
