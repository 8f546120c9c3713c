"""Many at once on one lot: the maximum holds, totals stay true, one volume stays in one pool, a round closes once."""
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.accounts.queries import get_actor
from marketplace.grappes.services import exits
from marketplace.platform import clock
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.permissions import SYSTEM
from tenders.demand.models import LotTotals
from tenders.demand.queries import list_differences
from tenders.demand.queries.closings import list_live_needs
from tenders.demand.rules.placing import Wish
from tenders.demand.services import close_lot, put_need, withdraw_need
from tests.factories.accounts import token_for
from tests.factories.demand import clinic, open_pool
from tests.factories.grappes import grappe_of, site_and_user

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 32


@pytest.fixture
def server_port(real_app: Flask, fresh_database: str) -> Iterator[int]:
    """Two gunicorn processes of four threads serving the product on this test's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "DATABASE_URL": fresh_database, "SECRET_KEY": "a key for races only, long enough to be accepted",
        "GRAPPE_ENV": "test", "BASE_URL": "http://127.0.0.1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{port}",
         "--log-level", "warning", "app:create_app()"],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    try:
        for _ in range(300):
            assert process.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def call(port: int, token: str, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    """One request; its status and, when refused, the code."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1{path}", None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, method=method,
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())["code"]


def together(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same moment, each in its own context and connection; results or refusals, in order."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            gate.wait(20)
            try:
                return act()
            except DomainError as refused:
                return refused
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def codes(results: list[Any]) -> Counter[str]:
    return Counter(result.code if isinstance(result, DomainError) else "done" for result in results)


def assert_true(session: Session, lot_id: Any, maximum: int) -> LotTotals:
    session.expire_all()
    totals = session.get_one(LotTotals, lot_id)
    assert list_differences(session) == []
    assert totals.firm + totals.conditional <= maximum
    return totals


def test_thirty_two_clients_never_pass_the_maximum(committed: Session, server_port: int) -> None:
    maximum = 1000
    lot = open_pool(minimum=None, maximum=maximum)
    other = open_pool(minimum=None, maximum=maximum)
    places = []
    for number in range(CLIENTS):
        site, user = site_and_user()
        places.append((site, token_for(user), number))
    grappe = grappe_of(*(site for site, _, _ in places[: CLIENTS // 2]))
    committed.commit()
    seen: Counter[tuple[int, str]] = Counter()
    lock = threading.Lock()

    def client(place: tuple[Any, str, int]) -> None:
        site, token, number = place
        chance = random.Random(number)
        mine: Counter[tuple[int, str]] = Counter()
        for _ in range(25):
            target = lot if chance.random() < 0.85 else other
            path = f"/lots/{target.id}/needs/{site.id}"
            if chance.random() < 0.2:
                mine[call(server_port, token, "DELETE", path)] += 1
                continue
            firmness = chance.choice(("firm", "firm", "conditional", "indicative"))
            mine[call(server_port, token, "PUT", path, {
                "grappe_id": str(grappe.id) if number < CLIENTS // 2 and chance.random() < 0.5 else None,
                "quantity": chance.randint(1, 150), "firmness": firmness, "tolerance": chance.randint(0, 5),
                "condition": {"minimum_pool_quantity": 10} if firmness == "conditional" else None,
                "accept_waitlist": chance.random() < 0.5,
            })] += 1  # fmt: skip
        with lock:
            seen.update(mine)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, places))
    expected = {
        (200, ""), (201, ""), (204, ""), (404, "not_found"), (409, "lot_maximum_reached"),
        (409, "already_pooled_elsewhere"), (409, "need_changed_meanwhile"),
    }  # fmt: skip
    assert set(seen) <= expected, seen
    assert seen[(409, "lot_maximum_reached")] > 0
    assert_true(committed, lot.id, maximum)
    assert_true(committed, other.id, maximum)


def test_two_needs_for_the_last_place_one_is_refused(real_app: Flask, committed: Session) -> None:
    for _ in range(10):
        lot = open_pool(minimum=None, maximum=100)
        people = [clinic(), clinic()]
        results = together(
            real_app,
            *(lambda s=s, a=a, i=lot.id: put_need(a, i, s.id, Wish(60, "firm")) for s, a in people),  # type: ignore[misc]
        )
        assert codes(results) == {"done": 1, "lot_maximum_reached": 1}
        assert assert_true(committed, lot.id, 100).firm == 60


def test_one_establishment_in_two_lots_at_once_is_counted_in_one(real_app: Flask, committed: Session) -> None:
    for _ in range(10):
        lots = [open_pool(minimum=None), open_pool(minimum=None)]
        site, actor = clinic()
        results = together(
            real_app,
            *(lambda s=site, a=actor, i=lot.id: put_need(a, i, s.id, Wish(60, "firm")) for lot in lots),  # type: ignore[misc]
        )
        assert codes(results) == {"done": 1, "already_pooled_elsewhere": 1}
        committed.expire_all()
        assert list_differences(committed) == []


def test_the_same_need_sent_eight_times_at_once_is_written_once(real_app: Flask, committed: Session) -> None:
    lot = open_pool(minimum=None)
    site, actor = clinic()
    acts = [lambda: put_need(actor, lot.id, site.id, Wish(60, "conditional", minimum_pool_quantity=1))] * 8
    results = together(real_app, *acts)
    assert sum(result.created for result in results) == 1
    assert {result.version for result in results} == {1}
    assert assert_true(committed, lot.id, 100_000).conditional == 60


def test_a_round_is_closed_once_and_no_need_slips_in_after_it(real_app: Flask, committed: Session) -> None:
    for _ in range(8):
        lot = open_pool(minimum=100, maximum=1000)
        first, first_actor = clinic()
        put_need(first_actor, lot.id, first.id, Wish(100, "firm"))
        people = [clinic() for _ in range(4)]
        results = together(
            real_app,
            lambda lot_id=lot.id: close_lot(SYSTEM, lot_id, reason="minimum atteint"),  # type: ignore[misc]
            lambda lot_id=lot.id: close_lot(SYSTEM, lot_id, reason="minimum atteint"),  # type: ignore[misc]
            *(lambda s=s, a=a, i=lot.id: put_need(a, i, s.id, Wish(10, "firm")) for s, a in people),  # type: ignore[misc]
        )
        closings, puts = results[:2], results[2:]
        assert sorted(closed.is_new for closed in closings) == [False, True]
        decided = closings[0].closing
        in_time = sum(not isinstance(put, DomainError) for put in puts)
        assert set(codes(puts)) <= {"done", "needs_closed"}
        assert decided.ordered_quantity == 100 + 10 * in_time
        assert len(decided.body["included"]) == 1 + in_time
        assert assert_true(committed, lot.id, 1000).firm == 100 + 10 * in_time


def test_closing_for_an_extension_against_conditional_needs_counts_none_of_the_former_round(
    real_app: Flask, committed: Session
) -> None:
    lot = open_pool(minimum=900, maximum=1000, minimum_policy=["extend"])
    people = [clinic() for _ in range(6)]
    for site, actor in people[:3]:
        put_need(actor, lot.id, site.id, Wish(10, "conditional", minimum_pool_quantity=5))
    late = lot.needs_close_at

    def close() -> Any:
        with clock.frozen_at(late):
            return close_lot(SYSTEM, lot.id)

    together(
        real_app,
        close,
        *(
            lambda s=site, a=actor: put_need(a, lot.id, s.id, Wish(11, "conditional", minimum_pool_quantity=5))  # type: ignore[misc]
            for site, actor in people
        ),
    )
    totals = assert_true(committed, lot.id, 1000)
    assert totals.round == 2
    counted = [need for need in list_live_needs(committed, lot.id) if need.status == "counted"]
    assert totals.conditional == 11 * len(counted)


def test_a_withdrawal_and_newcomers_leave_nobody_waiting_who_fits(real_app: Flask, committed: Session) -> None:
    for _ in range(8):
        lot = open_pool(minimum=None, maximum=100)
        leaving, leaver = clinic()
        put_need(leaver, lot.id, leaving.id, Wish(100, "firm"))
        people = [clinic() for _ in range(4)]
        together(
            real_app,
            lambda i=lot.id, s=leaving, a=leaver: withdraw_need(a, i, s.id),  # type: ignore[misc]
            *(
                lambda s=s, a=a, i=lot.id: put_need(a, i, s.id, Wish(40, "firm"), accept_waitlist=True)  # type: ignore[misc]
                for s, a in people
            ),
        )
        totals = assert_true(committed, lot.id, 100)
        assert (totals.firm, totals.waitlisted) == (80, 80)


def test_leaving_a_grappe_while_placing_through_it_never_leaves_a_need_behind(
    real_app: Flask, committed: Session
) -> None:
    for _ in range(8):
        lot = open_pool(minimum=None)
        coordinating, _ = clinic()
        site, user = site_and_user()
        actor = get_actor(committed, user.id)
        grappe = grappe_of(coordinating, site, lock_in=False, exit_notice_days=0)
        others = [clinic() for _ in range(2)]
        results = together(
            real_app,
            lambda g=grappe.id, s=site.id, a=actor: exits.leave_grappe(a, g, s),  # type: ignore[misc]
            lambda g=grappe.id, s=site.id, a=actor, i=lot.id: put_need(a, i, s, Wish(5, "firm", g)),  # type: ignore[misc]
            *(lambda s=s, a=a, i=lot.id: put_need(a, i, s.id, Wish(7, "firm")) for s, a in others),  # type: ignore[misc]
        )
        assert set(codes(results)) <= {"done", "not_a_member"}
        committed.expire_all()
        behind = committed.scalar(
            text(
                "SELECT count(*) FROM needs n WHERE n.lot_id = :lot AND n.grappe_id IS NOT NULL AND n.status = 'counted' "
                "AND NOT EXISTS (SELECT FROM grappe_memberships m WHERE m.grappe_id = n.grappe_id "
                "AND m.establishment_id = n.establishment_id AND m.ended_at IS NULL)"
            ),
            {"lot": lot.id},
        )
        assert behind == 0
        assert list_differences(committed) == []
