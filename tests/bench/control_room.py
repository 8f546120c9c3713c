"""The control room of a centre with 8,000 establishments × 20 lots × 500 grappes, beside one with a tenth of them."""
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from sqlalchemy import event, text

from app import create_app
from marketplace.accounts.queries import get_actor
from marketplace.platform.config import load_settings
from marketplace.platform.database import db
from tenders.dashboard.control_room import room
from tests.bench.environment import SECRET_KEY, Environment, row
from tests.bench.load import http_request, run_load
from tests.factories import accounts as make
from tests.factories.base import use_session

ROUNDS = 5
SECONDS = 4.0
LOTS = 20
FULL, TENTH = (8_000, 500), (800, 50)
TARGET = 2.0

_ESTABLISHMENTS = text("""
    INSERT INTO establishments (id, finess, organisation_id, name, search_name, sector, region, size_band, created_at,
        updated_at)
    SELECT gen_random_uuid(), lpad(n::text, 9, '0'), :organisation, 'Site ' || n, 'site ' || n,
           (ARRAY['private_for_profit', 'private_nonprofit'])[1 + n % 2],
           (ARRAY['11', '24', '27', '28', '32', '44', '52', '53', '75', '76', '84', '93', '94'])[1 + n % 13],
           (ARRAY['under_50', '50_249', '250_plus'])[1 + n % 3], now(), now()
    FROM generate_series(1, :count) n
""")
_GRAPPES = text("""
    INSERT INTO grappes (id, name, search_text, coordinator_establishment_id, legal_form, quorum, founded_at, activated_at)
    SELECT gen_random_uuid(), 'Grappe ' || n, 'grappe ' || n, e.id, 'none', 2, now(), now()
    FROM generate_series(1, :count) n JOIN establishments e ON e.finess = lpad(n::text, 9, '0')
""")
_VEHICLES = text("""
    INSERT INTO vehicles (id, organisation_id, name, search_text, technique, regime, starts_on, ends_on, maximum_required,
        standstill_days, standstill_days_on_paper, publishes_results, allows_late_joining, allows_price_only_award,
        created_at, opened_at)
    SELECT gen_random_uuid(), :centre, 'Mesures ' || n, 'mesures', 'listing', 'private', current_date + 30,
        current_date + 700, false, 0, 0, false, false, true, now(), now()
    FROM generate_series(1, 4) n
""")
_LOTS = text("""
    INSERT INTO lots (id, vehicle_id, code, title, search_text, category_code, kind, unit, price_period, term_months,
        reference_unit_price, minimum_kind, minimum_basis, minimum_value, minimum_quantity, maximum_basis, maximum_value,
        maximum_quantity, needs_close_at, created_at, opened_at)
    SELECT gen_random_uuid(), v.id, n::text, 'Lot ' || n, 'lot ' || n, c.code, 'service', c.unit, c.price_period, 24, 4.10,
           'contractual', 'quantity', 90000, 90000, 'quantity', 1000000000, 1000000000,
           now() + n * interval '2 days', now(), now()
    FROM generate_series(1, :count) n
    JOIN (SELECT *, row_number() OVER (ORDER BY code) AS place FROM service_categories) c ON c.place = (n - 1) % 15 + 1
    JOIN (SELECT id, row_number() OVER (ORDER BY name) AS place FROM vehicles) v ON v.place = (n - 1) % 4 + 1
""")
# Need after need as weeks went by, so that the versions their trigger keeps lie in the order of time.
_FILL = (
    "INSERT INTO lot_totals (lot_id, maximum_quantity) SELECT id, maximum_quantity FROM lots",
    "INSERT INTO envelopes (lot_id, vehicle_id, maximum) SELECT id, vehicle_id, maximum_quantity FROM lots",
    "INSERT INTO lot_grappe_totals (lot_id, grappe_id) SELECT l.id, g.id FROM lots l CROSS JOIN grappes g",
    """INSERT INTO needs (lot_id, establishment_id, organisation_id, grappe_id, quantity, firmness, status, placed_at,
            changed_at, minimum_pool_quantity)
       SELECT l.id, e.id, e.organisation_id, g.id, 10, 'conditional', 'counted', moment, moment, 100
       FROM (SELECT *, row_number() OVER (ORDER BY finess) AS place, count(*) OVER () AS many FROM establishments) e
       JOIN (SELECT id, row_number() OVER (ORDER BY name) - 1 AS place, count(*) OVER () AS many FROM grappes) g
            ON g.place = e.place % g.many
       CROSS JOIN lots l
       CROSS JOIN LATERAL (SELECT now() - (e.many - e.place) * (interval '56 days' / e.many) AS moment) m
       ORDER BY moment""",
    """UPDATE lot_totals t SET conditional = s.quantity, members = s.members
       FROM (SELECT lot_id, sum(quantity) AS quantity, count(*) AS members FROM needs GROUP BY 1) s
       WHERE s.lot_id = t.lot_id""",
    """UPDATE lot_grappe_totals t SET conditional = s.quantity, members = s.members, organisations = 1
       FROM (SELECT lot_id, grappe_id, sum(quantity) AS quantity, count(*) AS members FROM needs GROUP BY 1, 2) s
       WHERE s.lot_id = t.lot_id AND s.grappe_id = t.grappe_id""",
)


@dataclass
class Centre:
    """A filled database: its URL, the centre's token, and how many statements its room asks."""

    url: str
    token: str
    statements: int


def make_centre(environment: Environment, establishments: int, grappes: int) -> Centre:
    """A centre with twenty open lots on which every establishment has a counted need through a grappe."""
    url = environment.database()
    app = create_app(load_settings({"GRAPPE_ENV": "test", "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY,
                                    "BASE_URL": "http://127.0.0.1"}))  # fmt: skip
    with app.app_context():
        session = db.session()
        use_session(session)
        centre = make.OrganisationFactory(kind="purchasing_centre")
        reader = make.user_in(centre, ("admin", "buyer"))
        token = make.token_for(reader)
        session.execute(_ESTABLISHMENTS, {"organisation": make.OrganisationFactory().id, "count": establishments})
        session.execute(_GRAPPES, {"count": grappes})
        session.execute(_VEHICLES, {"centre": centre.id})
        session.execute(_LOTS, {"count": LOTS})
        for statement in _FILL:
            session.execute(text(statement))
        session.commit()
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(text("VACUUM ANALYZE"))
        session.close()
        made = Centre(url, token, _statements(app, reader.id))
        use_session(None)
        db.engine.dispose()
    return made


def _statements(app: Any, user_id: Any) -> int:
    asked: list[str] = []
    with app.test_request_context("/centre/salle"):
        session = db.session()
        actor = get_actor(session, user_id)
        event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_rest: asked.append(statement))
        room.build(session, actor, {}, may_remind=True)
        session.close()
    return len(asked)


def run(environment: Environment) -> list[dict[str, Any]]:
    """p95 of the whole page over HTTP, full size against a tenth, in turn; and the number of statements of each."""
    seconds = 1.5 if environment.quick else SECONDS
    centres = [make_centre(environment, *size) for size in (TENTH, FULL)]
    times: list[list[float]] = [[], []]
    strange = 0
    with ExitStack() as stack:
        ports = [stack.enter_context(environment.product(centre.url)) for centre in centres]
        for turn in range(ROUNDS + 1):
            for place, (port, centre) in enumerate(zip(ports, centres, strict=True)):
                built = http_request("GET", "/centre/salle", token=centre.token)
                load = run_load(port, lambda _n, built=built: built, clients=1, seconds=seconds)
                strange += sum(count for status, count in load.statuses.items() if status != 200)
                if turn:  # the first turn warms both
                    times[place].append(quantiles(load.latencies_ms, n=20)[-1])
    tenth, full = (median(each) for each in times)
    few, many = (centre.statements for centre in centres)
    return [
        row("control_room.unexpected_answers", strange, "answers", "0", strange == 0),
        row("control_room.statements", many, "statements", f"as many as at a tenth ({few})", few == many),
        row("control_room.p95_ms_at_a_tenth", tenth, "ms p95", "none: this run only", True),
        row("control_room.p95_ms", full, "ms p95", "none: this run only", True),
        row("control_room.growth", full / tenth, "× p95 at a tenth", f"<= {TARGET}", full / tenth <= TARGET),
    ]
