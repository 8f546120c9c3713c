"""A real Chromium on a real server: the application on its own database, in threads, on a free port."""
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from marketplace.accounts.models import User
from marketplace.billing import gateway, gathering
from marketplace.platform import clock, outbox
from marketplace.platform.database import db
from tests.factories import accounts as make
from tests.factories.base import use_session
from tests.stripe_simulator import StripeSimulator

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
BREAKING = ("serious", "critical")
REFUSED = ("Failed to load resource: the server responded with a status of 422 (UNPROCESSABLE ENTITY)",)
WIDTHS = {"desktop": 1200, "phone": 360}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without one these tests skip and say so, except in CI, where they fail."""
    if not CHROMIUM.exists():
        reason = f"no Chromium at {CHROMIUM}: install Debian's chromium or set CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield browser
        browser.close()


@dataclass
class Site:
    """The running application and a session beside it, for set-up and for looking at what was written."""

    app: Flask
    url: str
    session: Session


@pytest.fixture
def site(real_app: Flask) -> Iterator[Site]:
    """The application served on a free port, with real commits."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, real_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with real_app.app_context():
        engine = db.engine
    session = Session(engine, expire_on_commit=False)
    use_session(session)
    yield Site(real_app, f"http://127.0.0.1:{server.server_port}", session)
    use_session(None)
    session.close()
    server.shutdown()
    thread.join()
    server.server_close()


CHECKS = (gathering.gather_due_charges, gathering.hand_to_stripe, gathering.announce_payments, gathering.collect_due)


@dataclass
class Paying:
    """Payment through the simulator, and the worker that nobody runs beside the browser."""

    site: Site
    stripe: StripeSimulator

    def work(self) -> None:
        """A worker's minute: what Stripe tells arrives, what is due is done."""
        for _round in range(3):
            self.stripe.deliver_to(f"{self.site.url}/stripe/webhook")
            with self.site.app.app_context():
                for check in CHECKS:
                    check(clock.now())
                outbox.dispatch_due()


@pytest.fixture
def paying(site: Site, stripe: StripeSimulator) -> Paying:
    """The served application pays through the simulator, whose events reach it as they happen."""
    settings = stripe.settings_for(site.app.config["GRAPPE"])
    site.app.config["BASE_URL"] = site.url
    gateway.init_app(site.app, settings)
    return Paying(site, stripe)


@dataclass
class Reader:
    """Somebody in front of a page. `visit` and `look` fail when the page has a serious accessibility fault."""

    page: Page
    site: Site
    seen: list[str]

    def visit(self, path: str) -> Page:
        """Open a page and look at it."""
        self.go(path)
        self.look()
        return self.page

    def go(self, path: str) -> Page:
        """Open a page that the journey looks at elsewhere."""
        answer = self.page.goto(self.site.url + path)
        assert answer is not None and answer.status == 200, f"{path} answered {answer and answer.status}"
        return self.page

    def look(self) -> None:
        """No serious accessibility fault at either width, and nothing to scroll sideways on a phone.

        A click returns once the next page is committed, before there is anything in it: look at the page when loaded.
        """
        self.page.wait_for_load_state("load")
        for name, width in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": 900})
            found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
            faults = [
                f"{fault['id']}: {fault['nodes'][0]['html'][:200]}" for fault in found if fault["impact"] in BREAKING
            ]
            assert not faults, f"{self.page.url} on {name}: {faults}"
            overflow = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{self.page.url} on {name} is {overflow} px too wide"
            self._shoot(name)
        self.page.set_viewport_size({"width": WIDTHS["desktop"], "height": 900})

    def _shoot(self, width: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            place = self.page.url.removeprefix(self.site.url).split("?")[0].strip("/").replace("/", "_") or "home"
            self.page.screenshot(path=f"{folder}/{len(self.seen):02d}-{place[:60]}-{width}.png", full_page=True)
            self.seen.append(place)


@pytest.fixture
def reader(chromium: Browser, site: Site) -> Iterator[Callable[..., Reader]]:
    """`reader(user)` is this user in front of a browser (`reader()` nobody).

    `is_refused`: a form of the journey comes back with its errors, and Chromium logs the page's 422. They asked for less
    motion (static/css): a button half-way between two colours would be judged on a contrast that nobody reads.
    """
    contexts = []

    def open_for(user: User | None = None, *, is_refused: bool = False, **options: Any) -> Reader:
        context = chromium.new_context(locale="fr-FR", reduced_motion="reduce", **options)
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": "grappe_session", "value": _cookie(site.app, user), "url": site.url}])
        page = context.new_page()
        told = REFUSED if is_refused else ()
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" and said.text not in told else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return Reader(page, site, [])

    problems: list[str] = []
    yield open_for
    for context in contexts:
        context.close()
    assert not problems, f"the browser complained: {problems}"


def _cookie(app: Flask, user: User) -> str:
    """The signed cookie of a session of this user, as sign-in would set it."""
    key = make.session_key_for(user)
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = key
        cookie["_fresh"] = True
    found = client.get_cookie("grappe_session")
    assert found is not None
    return found.value
