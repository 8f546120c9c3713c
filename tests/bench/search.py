"""The search of the catalogue with 10,000 providers and 100,000 offers, beside a tenth of them and beside its SQL alone."""
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import event, select, text

from app import create_app
from catalog.offers.search.listings import refresh_all
from catalog.offers.search.verification import verify_listings
from marketplace.categories.models import ServiceCategory
from marketplace.platform.config import load_settings
from marketplace.platform.database import db, new_id, transaction
from tests.bench.environment import SECRET_KEY, Environment, row
from tests.bench.load import http_request, run_load
from tests.factories import accounts as make
from tests.factories.base import use_session

ROUNDS = 5
SECONDS = 4.0
FULL, TENTH = (10_000, 100_000), (1_000, 10_000)
TARGET_OVER_SQL, TARGET_GROWTH = 3.0, 2.0
SEED = 20261125
REGIONS = ["11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "94"]
ACTIVITIES = [[1, 2, 3, 4, 5, 6], [1, 2], [3, 4, 5, 6], [1, 2, 3, 4, 6], [5, 6], [3]]
WORDS = "supervision détection réponse sauvegarde immuable hébergement annuaire audit exercice crise bastion accès".split()
QUESTION = "/api/v1/offers/search?category=edr&region=84&certificate=iso27001&limit=20"
"""Three facets: a category, a region, a certificate valid today."""
OTHERS = {
    "activities": "/api/v1/offers/search?category=hds_hosting&hds_activities=3&hds_activities=5&region=11",
    "price": "/api/v1/offers/search?category=edr&region=84&certificate=iso27001&quantity=2000&sort=price",
    "words": "/api/v1/offers/search?q=supervision+bastion&region=84",
    "nothing_asked": "/api/v1/offers/search",
}


@dataclass
class Market:
    """A filled database: its URL, a buyer's token, and the statements that each question sends with their values."""

    url: str
    token: str
    statements: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)


def _copy(connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for each in rows:
            copy.write_row(each)


def fill(url: str, providers: int, offers: int, categories: list[ServiceCategory]) -> None:
    """Providers with one to four regions or all, certificates that begin and end over six years, offers of both pricings."""
    random, today = Random(SEED), date.today()
    ids = [new_id() for _ in range(providers)]
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        organisations = [new_id() for _ in ids]
        _copy(connection, "organisations", "id, kind, name, created_at",
              ((o, "provider", f"Société {n}", today) for n, o in enumerate(organisations)))  # fmt: skip
        _copy(connection, "providers", "id, organisation_id, name, search_text, description, regions, delivery_modes,"
              " created_at, verified_at", (
            (p, o, f"Société {n}", f"societe {n}", f"Spécialiste {random.choice(WORDS)}",
             REGIONS if random.random() < 0.2 else sorted(random.sample(REGIONS, random.randint(1, 4))),
             ["on_site", "remote"], today, today) for n, (p, o) in enumerate(zip(ids, organisations, strict=True))
        ))  # fmt: skip
        _copy(connection, "certificates", "id, provider_id, scheme, version, number, body, activities, valid_from,"
              " valid_until, declared_at, verified_at", _certificates(random, ids, today))  # fmt: skip
        numbers = [(new_id(), random.choice(ids), random.choice(categories)) for _ in range(offers)]
        _copy(connection, "offers", "id, provider_id, category_code, title, description, unit, price_period, pricing,"
              " mobilisation_amount, minimum_quantity, capacity, delivery_modes, visibility, created_at", (
            (o, p, c.code, f"{random.choice(WORDS)} {random.choice(WORDS)}", " ".join(random.sample(WORDS, 5)), c.unit,
             c.price_period, random.choice(["all_units", "incremental"]), random.randrange(0, 9000, 500),
             random.choice([1, 100, 1000]), random.choice([None, 5000, 50_000]),
             random.choice([["remote"], ["on_site"], ["on_site", "remote"]]), random.choice(["buyers", "public"]), today)
            for o, p, c in numbers
        ))  # fmt: skip
        _copy(connection, "offer_brackets", "offer_id, from_quantity, to_quantity, unit_price", (
            bracket for o, _p, _c in numbers for price in [random.randint(200, 900)]
            for bracket in ((o, 1, 499, price / 100), (o, 500, 1999, price / 110), (o, 2000, None, price / 125))
        ))  # fmt: skip
        connection.execute("UPDATE offers SET published_at = created_at")


def _certificates(random: Random, ids: list[Any], today: date) -> Iterator[tuple[Any, ...]]:
    for provider in ids:
        held = [("iso27001", "2022", [])] if random.random() < 0.6 else []
        if held and random.random() < 0.4:
            held.append(("hds", "v2", random.choice(ACTIVITIES)))
        if random.random() < 0.2:
            held.append(("passi", None, [1, 2, 3]))
        for scheme, version, activities in held:
            begins = today - timedelta(days=random.randint(0, 1300))
            yield (new_id(), provider, scheme, version, "F", "Organisme", activities, begins,
                   begins + timedelta(days=1090), today, today)  # fmt: skip


def make_market(environment: Environment, providers: int, offers: int) -> Market:
    """A catalogue of this size, listed by the product's own step, and a buyer who looks at it."""
    url = environment.database()
    app = create_app(load_settings({"GRAPPE_ENV": "test", "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY,
                                    "BASE_URL": "http://127.0.0.1"}))  # fmt: skip
    with app.app_context():
        session = db.session()
        use_session(session)
        token = make.token_for(make.user_in())
        categories = list(session.scalars(select(ServiceCategory).order_by(ServiceCategory.code)))
        session.commit()
        fill(url, providers, offers, categories)
        with transaction() as writing:
            refresh_all(writing)
        session = db.session()
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(text("VACUUM ANALYZE"))
        session.close()
        use_session(None)
    market = Market(url, token)
    for name, question in {"three_facets": QUESTION, **OTHERS}.items():
        market.statements[name] = _sent(app, token, question)
    with app.app_context():
        db.engine.dispose()
    return market


def _sent(app: Any, token: str, question: str) -> list[tuple[str, Any]]:
    """The statements that a request sends, as psycopg gets them."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append((statement, values))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    answer = app.test_client().get(question, headers={"Authorization": f"Bearer {token}"})
    event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    assert question != QUESTION or json.loads(answer.text)["total"] > 0, "the measured question finds nothing"
    return sent


def sql_alone(market: Market, name: str, seconds: float) -> list[float]:
    """Milliseconds of the same statements, one after the other on one connection, rows fetched, nothing else done."""
    times = []
    with psycopg.connect(market.url.replace("+psycopg", ""), autocommit=True) as connection:
        until = perf_counter() + seconds
        while perf_counter() < until:
            begin = perf_counter()
            for statement, values in market.statements[name]:
                cursor = connection.execute(statement, values)
                if cursor.description:
                    cursor.fetchall()
            times.append((perf_counter() - begin) * 1000)
    return times


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(times, n=20)[-1]


def run(environment: Environment) -> list[dict[str, Any]]:
    """p95 over HTTP against the same SQL alone, full size against a tenth, in turn; other questions at full size."""
    seconds = 1.5 if environment.quick else SECONDS
    sizes = ((100, 1_000), (1_000, 10_000)) if environment.quick else (TENTH, FULL)
    markets = [make_market(environment, *size) for size in sizes]
    http: list[list[float]] = [[], []]
    sql: list[list[float]] = [[], []]
    strange = 0
    with ExitStack() as stack:
        ports = [stack.enter_context(environment.product(market.url)) for market in markets]
        for turn in range(ROUNDS + 1):
            for place, (port, market) in enumerate(zip(ports, markets, strict=True)):
                asked = http_request("GET", QUESTION, token=market.token)
                load = run_load(port, lambda _n, asked=asked: asked, clients=1, seconds=seconds)
                strange += sum(count for status, count in load.statuses.items() if status != 200)
                alone = sql_alone(market, "three_facets", seconds / 2)
                if turn:  # the first turn warms both
                    http[place].append(p95(load.latencies_ms))
                    sql[place].append(p95(alone))
        others = [_other(ports[1], markets[1], name, question, seconds) for name, question in OTHERS.items()]
    differing = _differing(markets[0])
    tenth, full = (median(each) for each in http)
    over = median([h / s for h, s in zip(http[1], sql[1], strict=True)])
    growth = median([f / t for t, f in zip(*http, strict=True)])
    return [
        row("search.unexpected_answers", strange, "answers", "0", strange == 0),
        row("search.listings_that_differ", differing, "providers at a tenth", "0", differing == 0),
        row("search.p95_ms_at_a_tenth", tenth, "ms p95", "none: this run only", True),
        row("search.p95_ms", full, "ms p95", "none: this run only", True),
        row("search.sql_alone_p95_ms", median(sql[1]), "ms p95", "none: this run only", True),
        row("search.over_its_sql", over, "× p95 of its SQL alone", f"<= {TARGET_OVER_SQL}", over <= TARGET_OVER_SQL),
        row("search.growth", growth, "× p95 at a tenth", f"<= {TARGET_GROWTH}", growth <= TARGET_GROWTH),
        *others,
    ]


def _other(port: int, market: Market, name: str, question: str, seconds: float) -> dict[str, Any]:
    asked = http_request("GET", question, token=market.token)
    load = run_load(port, lambda _n: asked, clients=1, seconds=seconds / 2)
    return row(f"search.{name}.p95_ms", p95(load.latencies_ms), "ms p95", "none: this run only", True)


def _differing(market: Market) -> int:
    app = create_app(load_settings({"GRAPPE_ENV": "test", "DATABASE_URL": market.url, "SECRET_KEY": SECRET_KEY,
                                    "BASE_URL": "http://127.0.0.1"}))  # fmt: skip
    with app.app_context():
        wrong = len(verify_listings(db.session()))
        db.session.remove()
        db.engine.dispose()
    return wrong
