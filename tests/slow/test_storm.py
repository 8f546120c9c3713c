"""Sixty-four clients on five lots, then web, workers and database killed under them: nothing lost, nothing made up."""
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app import create_app
from marketplace.platform.config import load_settings
from marketplace.platform.database import db
from marketplace.platform.embedded import EmbeddedPostgres, places
from marketplace.platform.migrations import migrate
from tests.factories.accounts import token_for
from tests.factories.base import use_session
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import site_and_user

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CLIENTS, LOTS = 64, 5
CALM_SECONDS, STORM_SECONDS = 20.0, 14.0
MINIMUM, MAXIMUM = 200, 2_000
SECRET_KEY = "a key for storms only, long enough to be accepted"
NOTHING = None
REFUSED = {
    "lot_maximum_reached", "needs_closed", "need_changed_meanwhile", "not_found", "minimum_not_reached_yet",
    "already_pooled_elsewhere",
}  # fmt: skip
"""What a client may be told: it asked for too much, too late, or for what is not there."""


@dataclass
class Market:
    """A running product: its processes, its lots, and who may act."""

    server: EmbeddedPostgres
    port: int
    environment: dict[str, str]
    lots: list[UUID] = field(default_factory=list)
    clinics: list[tuple[UUID, str]] = field(default_factory=list)
    centres: list[str] = field(default_factory=list)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start `web` (two gunicorn processes of four threads) or `worker`, each with its own process group."""
        web = ["-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{self.port}",
               "--log-level", "critical", "app:create_app()"]  # fmt: skip
        command = web if name == "web" else ["-c", "import app; app.main()", "worker"]
        self.processes[name] = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if name == "web":
            _until(self._answers)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self, name: str) -> None:
        """kill -9 for a process and all its children."""
        process = self.processes[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def kill_database(self) -> None:
        """kill -9 for the server's first process; the others follow when they see it gone."""
        pid = int((self.server._place().cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `grappe …` as an operator would."""
        return subprocess.run(
            [sys.executable, "-c", "import app; app.main()", *words], cwd=ROOT, env=self.environment, timeout=60,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def rows(self, statement: str) -> list[Any]:
        """What the database says now."""
        app = create_app(load_settings(self.environment))
        with app.app_context():
            found = list(db.session.execute(text(statement)))
            db.session.remove()
            db.engine.dispose()
        return found


def _until(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def market() -> Iterator[Market]:
    """A durable server of its own with five open lots of different categories, sixty-four clinics and a web server."""
    folder = places.folder_for_a_while()
    server = EmbeddedPostgres(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found: Market | None = None
    try:
        url = server.start()
        migrate(url)
        environment = {
            **os.environ, "GRAPPE_ENV": "test", "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "BASE_URL": "http://127.0.0.1",
        }  # fmt: skip
        found = Market(server, port, environment)
        _populate(found)
        found.start("web")
        found.start("worker")
        yield found
    finally:
        for name, process in (found.processes if found else {}).items():
            if process.poll() is None:
                found.kill(name)  # type: ignore[union-attr]
        server.stop(mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _populate(market: Market) -> None:
    app = create_app(load_settings(market.environment))
    with app.app_context():
        session = db.session()
        use_session(session)
        categories = session.execute(text("SELECT code, unit, price_period FROM service_categories ORDER BY code")).all()
        for code, unit, period in categories[:LOTS]:
            lot = open_pool(
                category_code=code, unit=unit, price_period=period, kind="service", minimum=MINIMUM, maximum=MAXIMUM,
                minimum_policy=["release"],
            )  # fmt: skip
            market.lots.append(lot.id)
            market.centres.append(token_for(centre_user(lot)))
        for _ in range(CLIENTS):
            site, user = site_and_user()
            market.clinics.append((site.id, token_for(user)))
        session.commit()
        session.close()
        use_session(None)
        db.engine.dispose()


class Client:
    """One clinic's program: it alone changes its needs, so it knows what each may be after every answer."""

    def __init__(self, market: Market, number: int) -> None:
        self.market, self.random = market, random.Random(number)
        self.site, self.token = market.clinics[number]
        self.known: list[set[int | None]] = [{NOTHING} for _ in market.lots]
        self.seen: Counter[tuple[str, int, str]] = Counter()
        self.connection: http.client.HTTPConnection | None = None

    def run(self, until: float) -> None:
        """Mix of PUT, DELETE and reads until the moment comes."""
        while time.monotonic() < until:
            place, act = self.random.randrange(LOTS), self.random.random()
            lot = self.market.lots[place]
            if act < 0.25:
                self.ask("GET", f"/lots/{lot}/pool")
            elif act < 0.45:
                self.change(place, "DELETE", NOTHING)
            else:
                self.change(place, "PUT", self.random.randint(1, 90))
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def change(self, place: int, method: str, quantity: int | None) -> None:
        """Write, and note what the need is now: certainly when answered, one of two when the answer never came."""
        body = None if quantity is None else {
            "quantity": quantity, "firmness": "firm", "accept_waitlist": self.random.random() < 0.3,
        }  # fmt: skip
        status = self.ask(method, f"/lots/{self.market.lots[place]}/needs/{self.site}", body)
        if status in (200, 201, 204):
            self.known[place] = {quantity}
        elif status in (0, 503):
            self.known[place].add(quantity)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> int:
        """One request; its status, 0 when there was no answer."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.market.port, timeout=30)
            self.connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            content = answer.read()
            status, code = answer.status, json.loads(content)["code"] if answer.status >= 400 else ""
        except (OSError, http.client.HTTPException, ValueError):
            self.hang_up()
            status, code = 0, "no answer"
            time.sleep(0.2)
        self.seen[method, status, code] += 1
        return status


def close_one_after_another(market: Market, begin: float, seconds: float) -> list[tuple[int, int]]:
    """Every few seconds three hands close the same lot at once; (lot, status) of each. The last lot stays open."""
    answers: list[tuple[int, int]] = []

    def hand(place: int) -> None:
        client = Client(market, 0)
        path = f"/lots/{market.lots[place]}/closing"
        answers.append((place, client.ask("POST", path, {"reason": "x"}, market.centres[place])))
        client.hang_up()

    for place in range(LOTS - 1):
        time.sleep(max(0.0, begin + (place + 1) * seconds / LOTS - time.monotonic()))
        hands = [threading.Thread(target=hand, args=(place,)) for _ in range(3)]
        for each in hands:
            each.start()
        for each in hands:
            each.join()
    return answers


def together(clients: list[Client], seconds: float, meanwhile: Any) -> Any:
    """Let every client run while something else happens; what the latter answered."""
    begin = time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client.run, begin + seconds) for client in clients]
        result = meanwhile(begin)
        for each in running:
            each.result(seconds + 90)
    return result


def assert_reconciled(market: Market, clients: list[Client]) -> None:
    """Totals, claims and ledgers are what the rows add up to; every answered write is there, none is invented."""
    verified = market.command("pool", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert market.command("audit", "verify").returncode == 0
    rows = market.rows("SELECT lot_id, establishment_id, quantity FROM needs")
    needs = {(lot, site): quantity for lot, site, quantity in rows}
    lost = [
        (client.site, lot, needs.get((lot, client.site)), client.known[place])
        for client in clients
        for place, lot in enumerate(market.lots)
        if needs.get((lot, client.site)) not in client.known[place]
    ]
    assert lost == [], "a write that was answered is not there"
    over = market.rows("SELECT lot_id FROM lot_totals WHERE firm + conditional > maximum_quantity OR LEAST(firm, members) < 0")
    assert over == []
    ledgers = market.rows("SELECT lot_id FROM envelopes WHERE committed + released + adjusted NOT BETWEEN 0 AND maximum")
    assert ledgers == []


def test_five_lots_stand_sixty_four_clients_and_every_kind_of_crash(market: Market) -> None:
    clients = [Client(market, number) for number in range(CLIENTS)]
    closings = together(clients, CALM_SECONDS, lambda begin: close_one_after_another(market, begin, CALM_SECONDS))
    seen = sum((client.seen for client in clients), Counter[tuple[str, int, str]]())
    assert all(code in REFUSED for _, status, code in seen if status >= 400), seen
    assert not any(status >= 500 or status == 0 for _, status, _ in seen), seen
    assert {method for method, status, _ in seen if status < 300} == {"GET", "PUT", "DELETE"}
    for place in range(LOTS - 1):
        statuses = sorted(status for each, status in closings if each == place)
        assert statuses in ([200, 200, 201], [409, 409, 409]), (place, statuses)
    decided = market.rows("SELECT lot_id, count(*) FROM closings GROUP BY lot_id")
    assert all(count == 1 for _, count in decided)
    assert decided, "no lot was closed in all that time"
    assert_reconciled(market, clients)

    together(clients, STORM_SECONDS, lambda begin: _strike(market, begin))
    assert not any(status == 500 for client in clients for _, status, _ in client.seen)
    _until(lambda: clients[0].ask("GET", f"/lots/{market.lots[0]}/pool") == 200)
    clients[0].hang_up()
    assert_reconciled(market, clients)
    written = sum(count for client in clients for (method, status, _), count in client.seen.items()
                  if method == "PUT" and status in (200, 201))  # fmt: skip
    assert written > CLIENTS, "too little was written for this to mean anything"


def _strike(market: Market, begin: float) -> None:
    """kill -9 the web server and the worker, then the database, each started again while clients keep asking."""
    time.sleep(2)
    for name in ("web", "worker"):
        market.kill(name)
    for name in ("web", "worker"):
        market.start(name)
    time.sleep(2)
    market.kill_database()
    market.server.start()
    time.sleep(1)
    if market.processes["worker"].poll() is not None:  # a worker without its database may give up: its supervisor's task
        market.start("worker")
