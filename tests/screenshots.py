"""The pictures of docs/images, taken from a running demo: `python -m tests.screenshots` (address and data folder)."""
import argparse
import json
import os
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tenders.demo.seed import ACCOUNTS_FILE, ROLES

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT, TALLEST, COLOURS = 1200, 800, 1700, 128
SHORT_LOT, LATE_LOT = "soc", "closed"
"""The lot that misses its minimum by a few hundred units; and, among the decided ones, one still open to late joining."""


def lots(url: str, token: str, **filters: str) -> list[dict[str, Any]]:
    """The lots that this account's API lists."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    asked = Request(f"{url}/api/v1/lots?limit=100&{query}", headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked, timeout=60) as answer:
        return list(json.load(answer)["items"])


def signed_in(browser: Browser, url: str, role: str, password: str) -> Page:
    """A French page of somebody signed in by the form."""
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-FR").new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{url}/connexion")
    page.locator("#email").fill(f"{ROLES[role]}@demo.test")
    page.locator("#password").fill(password)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda address: "/connexion" not in address)
    return page


def keep(page: Page, address: str, name: str) -> None:
    """The page, cut where it gets long, as a small PNG of few colours."""
    answer = page.goto(address)
    if answer is None or not answer.ok:
        raise RuntimeError(f"{address} does not answer: no picture of {name}")
    picture = Image.open(BytesIO(page.screenshot(full_page=True, animations="disabled"))).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    picture.quantize(COLOURS).save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png")


def take(url: str, accounts: dict[str, dict[str, str]]) -> None:
    """Every picture, as the three audiences see their pages."""
    token = accounts["clinic_a"]["token"]
    short = next(lot for lot in lots(url, token, status="open", category=SHORT_LOT))
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        clinic = signed_in(browser, url, "clinic_a", accounts["clinic_a"]["password"])
        closes_on = datetime.fromisoformat(short["needs_close_at"]).date() - timedelta(days=3)
        keep(clinic, f"{url}/lots/{short['id']}", "lot")
        keep(clinic, f"{url}/lots/{short['id']}/simulation?joining_quantity=700&closes_on={closes_on}", "what-if")
        for lot in lots(url, token, status=LATE_LOT):
            address = f"{url}/lots/{lot['id']}/rejoindre?quantity=40"
            if clinic.request.get(address).ok:
                keep(clinic, address, "late-joining")
                break
        centre = signed_in(browser, url, "purchasing_centre", accounts["purchasing_centre"]["password"])
        keep(centre, f"{url}/centre/salle", "control-room")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the running demo")
    parser.add_argument("--data", type=Path, default=Path(".grappe"), help="its data folder (GRAPPE_DATA)")
    chosen = parser.parse_args()
    take(chosen.url.rstrip("/"), json.loads((chosen.data / ACCOUNTS_FILE).read_text(encoding="utf-8")))
