"""Spreadsheets, single needs and withdrawals at once on two lots of one category: totals, claims and versions stay true."""
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from tenders.demand.models import LotTotals
from tenders.demand.queries import list_differences
from tenders.demand.rules.placing import Wish
from tenders.demand.rules.sheet_rows import read_rows
from tenders.demand.services import import_needs, put_need, withdraw_need
from tests.factories.demand import clinic, open_pool, sister
from tests.factories.grappes import grappe_of

pytestmark = pytest.mark.slow

WORKERS, ACTS = 8, 40
LAST_VERSIONS_DIFFER = text("""
    SELECT count(*) FROM needs n
    FULL JOIN (
        SELECT DISTINCT ON (lot_id, establishment_id) * FROM need_versions ORDER BY lot_id, establishment_id, id DESC
    ) v USING (lot_id, establishment_id)
    WHERE (n.quantity, n.status) IS DISTINCT FROM (v.quantity, CASE WHEN v.quantity IS NOT NULL THEN v.status END)
""")


def test_imports_beside_single_needs_lose_nothing(real_app: Flask, committed: Session) -> None:
    lots = [open_pool(minimum=None, maximum=400) for _ in range(2)]
    site, actor = clinic()
    sites = [site, *(sister(site) for _ in range(11))]
    grappe = grappe_of(*sites[:6])
    committed.commit()

    def wish(chance: random.Random) -> tuple[str, int]:
        return chance.choice(["firm", "indicative"]), chance.randint(1, 60)

    def row(chance: random.Random, place: int) -> list[str]:
        firmness, quantity = wish(chance)
        return [sites[place].finess, str(quantity), firmness, grappe.name if place < 6 else ""]

    def act(chance: random.Random) -> None:
        lot, kind = chance.choice(lots), chance.random()
        if kind < 0.4:
            rows = [row(chance, place) for place in chance.sample(range(12), 5)]
            import_needs(actor, lot.id, read_rows([["finess", "quantity", "firmness", "grappe"], *rows]), dry_run=False)
        elif kind < 0.8:
            n = chance.randrange(12)
            firmness, quantity = wish(chance)
            asked = Wish(quantity, firmness, grappe.id if n < 6 else None)
            put_need(actor, lot.id, sites[n].id, asked, accept_waitlist=chance.random() < 0.5)
        else:
            withdraw_need(actor, lot.id, chance.choice(sites).id)

    unexpected = at_once(real_app, act)
    assert unexpected == []
    committed.expire_all()
    assert list_differences(committed) == []
    assert committed.scalar(LAST_VERSIONS_DIFFER) == 0
    totals = [committed.get_one(LotTotals, lot.id) for lot in lots]
    assert all(each.firm + each.conditional <= 400 for each in totals) and any(each.firm for each in totals)


def at_once(app: Flask, act: Callable[[random.Random], Any]) -> list[Exception]:
    """Every worker acts again and again; what went wrong other than by a rule."""
    gate, wrong = threading.Barrier(WORKERS), list[Exception]()

    def run(seed: int) -> None:
        chance = random.Random(seed)
        gate.wait(20)
        for _ in range(ACTS):
            with app.app_context():
                try:
                    act(chance)
                except DomainError:
                    pass
                except Exception as unexpected:
                    wrong.append(unexpected)
                finally:
                    db.session.remove()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, range(WORKERS)))
    return wrong
