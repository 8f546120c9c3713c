"""Reading a pool and placing a need, beside the reference application on the same server; a pool of a million needs."""
import itertools
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, text

from app import create_app
from marketplace.platform.config import load_settings
from marketplace.platform.database import db
from tests.bench import reference
from tests.bench.environment import SECRET_KEY, Environment, row
from tests.bench.load import Load, http_request, run_load
from tests.factories import accounts as make
from tests.factories.base import use_session

ROUNDS = 3
SECONDS = 3.0
CLIENTS = 8
LOTS = 15
"""One lot for each service category: an establishment pools each category once."""
ESTABLISHMENTS = 400
"""Sites of one large clinic group, the caller. Once each has a need on every lot, its quantity changes instead."""
READ_TARGET, PUT_TARGET, PUT_ONE_LOT_TARGET, GROWTH_TARGET = 0.5, 0.25, 0.40, 1.3

_ESTABLISHMENTS = text("""
    INSERT INTO establishments (id, finess, organisation_id, name, search_name, sector, created_at, updated_at)
    SELECT gen_random_uuid(), lpad(n::text, 9, '0'), :organisation, 'Site ' || n, 'site ' || n,
           'private_for_profit', now(), now()
    FROM generate_series(1, :count) n
""")
_VEHICLE = text("""
    INSERT INTO vehicles (id, organisation_id, name, search_text, technique, regime, starts_on, ends_on, maximum_required,
        standstill_days, standstill_days_on_paper, publishes_results, allows_late_joining, allows_price_only_award,
        created_at, opened_at)
    VALUES (gen_random_uuid(), :centre, 'Mesures', 'mesures', 'listing', 'private', current_date + 30,
        current_date + 700, false, 0, 0, false, false, true, now(), now())
    RETURNING id
""")
_LOTS = text("""
    INSERT INTO lots (id, vehicle_id, code, title, search_text, category_code, kind, unit, price_period, term_months,
        reference_unit_price, maximum_basis, maximum_value, maximum_quantity, needs_close_at, created_at, opened_at)
    SELECT gen_random_uuid(), :vehicle, n::text, 'Lot ' || n, 'lot ' || n, c.code, 'service', c.unit, c.price_period, 24,
           4.10, 'quantity', 1000000000000, 1000000000000, now() + interval '30 days', now(), now()
    FROM generate_series(1, :count) n
    JOIN (SELECT *, row_number() OVER (ORDER BY code) AS place FROM service_categories) c ON c.place = (n - 1) % 15 + 1
""")
_TOTALS = text("INSERT INTO lot_totals (lot_id, maximum_quantity) SELECT id, maximum_quantity FROM lots")
_NEEDS = text("""
    INSERT INTO needs (lot_id, establishment_id, organisation_id, quantity, firmness, status, placed_at, changed_at,
        minimum_pool_quantity)
    SELECT l.id, e.id, e.organisation_id, 10, 'conditional', 'counted', now(), now(), 100
    FROM lots l CROSS JOIN (SELECT * FROM establishments ORDER BY finess LIMIT :per_lot) e
""")
_SUM_UP = text("""
    UPDATE lot_totals t SET conditional = s.quantity, members = s.members
    FROM (SELECT lot_id, sum(quantity) AS quantity, count(*) AS members FROM needs GROUP BY lot_id) s
    WHERE s.lot_id = t.lot_id
""")


@dataclass
class Market:
    """A database with open lots: its URL, a signatory's token, and the ids in it."""

    url: str
    token: str
    lots: list[UUID]
    establishments: list[UUID]


def make_market(environment: Environment, lots: int, establishments: int, needs_per_lot: int = 0) -> Market:
    """Lots, establishments of one organisation and, when asked, needs written in bulk with their totals."""
    url = environment.database()
    app = create_app(load_settings({"GRAPPE_ENV": "test", "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY,
                                    "BASE_URL": "http://127.0.0.1"}))  # fmt: skip
    with app.app_context():
        session = db.session()
        use_session(session)
        clinic = make.OrganisationFactory(name="Groupe mesuré")
        token = make.token_for(make.user_in(clinic, roles=("admin", "signatory", "buyer")))
        centre = make.OrganisationFactory(kind="purchasing_centre")
        session.execute(_ESTABLISHMENTS, {"organisation": clinic.id, "count": establishments})
        vehicle = session.execute(_VEHICLE, {"centre": centre.id}).scalar_one()
        session.execute(_LOTS, {"vehicle": vehicle, "count": lots})
        session.execute(_TOTALS)
        if needs_per_lot:
            session.execute(_NEEDS, {"per_lot": needs_per_lot})
            session.execute(_SUM_UP)
        session.commit()
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(text("ANALYZE"))
        market = Market(
            url, token, list(session.scalars(text("SELECT id FROM lots ORDER BY code"))),
            list(session.scalars(text("SELECT id FROM establishments ORDER BY finess"))),
        )  # fmt: skip
        session.close()
        use_session(None)
        db.engine.dispose()
    return market


def get_pool(market: Market) -> Callable[[int], bytes]:
    """Requests that read the lots' pools in turn."""
    built = [http_request("GET", f"/api/v1/lots/{lot}/pool", token=market.token) for lot in market.lots]
    return lambda n: built[n % len(built)]


def put_need(market: Market) -> Callable[[int], bytes]:
    """Requests that each place and sign another firm need."""
    counter = itertools.count()
    pairs = len(market.lots) * len(market.establishments)

    def build(_n: int) -> bytes:
        n = next(counter)
        body = json.dumps({"grappe_id": None, "quantity": 10 + n // pairs, "firmness": "firm"}).encode()
        lot = market.lots[n % len(market.lots)]
        establishment = market.establishments[n // len(market.lots) % len(market.establishments)]
        return http_request("PUT", f"/api/v1/lots/{lot}/needs/{establishment}", body, market.token)

    return build


def reference_read(n: int) -> bytes:
    """The reference application's read."""
    return http_request("GET", f"/lot/{n % reference.LOTS + 1}")


def reference_commit(n: int) -> bytes:
    """The reference application's commit."""
    body = {"lot": n % LOTS + 1, "establishment": n % 1_000_000, "quantity": 3}
    return http_request("POST", "/commit", json.dumps(body).encode())


def run(environment: Environment) -> list[dict[str, Any]]:
    """GET pool and PUT need against the reference; GET pool at a million needs against ten thousand."""
    return against_reference(environment) + growth(environment)


def against_reference(environment: Environment) -> list[dict[str, Any]]:
    """Throughput ratios, product and reference in turn on the same PostgreSQL."""
    market = make_market(environment, LOTS, 2 * ESTABLISHMENTS)
    spread = replace(market, establishments=market.establishments[:ESTABLISHMENTS])
    contended = replace(market, lots=market.lots[:1], establishments=market.establishments[ESTABLISHMENTS:])
    engine = create_engine(market.url)
    reference.create_tables(engine)
    engine.dispose()
    seconds = 1.0 if environment.quick else SECONDS
    loads: dict[str, list[Load]] = {"read": [], "pool": [], "commit": [], "put": [], "put_one_lot": []}
    with ExitStack() as stack:
        product = stack.enter_context(environment.product(market.url))
        base = stack.enter_context(environment.web("tests.bench.reference:create_app()", REFERENCE_DATABASE_URL=market.url))
        plan = (("read", base, reference_read), ("pool", product, get_pool(market)),
                ("commit", base, reference_commit), ("put", product, put_need(spread)),
                ("put_one_lot", product, put_need(contended)))  # fmt: skip
        for _name, port, requests in plan[:2]:
            run_load(port, requests, clients=CLIENTS, seconds=1.0)
        for _round in range(ROUNDS):
            for name, port, requests in plan:
                loads[name].append(run_load(port, requests, clients=CLIENTS, seconds=seconds))
    throughput = {name: median(load.per_second for load in runs) for name, runs in loads.items()}
    strange = sum(
        count for name, runs in loads.items() for load in runs for status, count in load.statuses.items()
        if status not in ((200,) if name in ("read", "pool") else (200, 201))
    )  # fmt: skip
    reading, writing = throughput["pool"] / throughput["read"], throughput["put"] / throughput["commit"]
    on_one_lot = throughput["put_one_lot"] / throughput["commit"]
    said = [row(f"pool.{name}_per_second", value, "requests/s", "none", True) for name, value in throughput.items()]
    return [
        *said,
        row("pool.unexpected_answers", strange, "answers", "0", strange == 0),
        row("pool.read_ratio", reading, "× reference read", f">= {READ_TARGET}", reading >= READ_TARGET),
        row("pool.put_ratio", writing, "× reference commit", f">= {PUT_TARGET}", writing >= PUT_TARGET),
        row("pool.put_one_lot_ratio", on_one_lot, "× reference commit, all clients on one lot",
            f">= {PUT_ONE_LOT_TARGET}", on_one_lot >= PUT_ONE_LOT_TARGET),
    ]


def growth(environment: Environment) -> list[dict[str, Any]]:
    """Median time of GET pool with few and with many needs in the database, the same lots, in turn."""
    per_lot = (80, 800) if environment.quick else (80, 8_000)
    markets = [make_market(environment, 125, max(per_lot), each) for each in per_lot]
    times: list[list[float]] = [[], []]
    with ExitStack() as stack:
        ports = [stack.enter_context(environment.product(market.url)) for market in markets]
        for turn in range(2 * ROUNDS):
            for place, (port, market) in enumerate(zip(ports, markets, strict=True)):
                load = run_load(port, get_pool(market), clients=2, seconds=1.5)
                if turn:  # the first turn warms both
                    times[place].append(load.p50_ms)
    few, many = (median(each) for each in times)
    return [
        row("pool.get_ms_at_10000_needs", few, "ms p50", "none: this run only", True),
        row(f"pool.get_ms_at_{125 * per_lot[1]}_needs", many, "ms p50", "none: this run only", True),
        row("pool.growth", many / few, "× time at 10,000 needs", f"<= {GROWTH_TARGET}", many / few <= GROWTH_TARGET),
    ]
