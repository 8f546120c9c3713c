"""HTML: the homes of the five audiences, the pooled purchases, and what is said to everybody."""
from typing import Any
from uuid import UUID

from flask import render_template, request
from werkzeug.wrappers import Response

from marketplace.categories.queries import list_categories
from marketplace.establishments.territory import REGIONS
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.permissions import Actor
from tenders.dashboard import homes
from tenders.dashboard.queries import lots, public
from tenders.dashboard.queries.lot_page import get_lot_page
from tenders.vehicles.words import STATUSES

bp = page_blueprint("dashboard", __name__, template_folder="../templates")

PUBLIC_ENDPOINTS = (
    "dashboard_pages.home",
    "dashboard_pages.how_it_works",
    "dashboard_pages.accessibility",
    "dashboard_pages.list_lots",
)


def audience_of(actor: Actor, asked: str | None) -> str:
    """Which home a reader gets: the one asked for when it is theirs, else that of their first seat; or the public one."""
    own = [seat.kind for seat in actor.seats]
    if asked in own:
        return str(asked)
    return next((kind for kind in homes.HOMES if kind in own), "public")


@bp.get("/")
def home() -> str | Response:
    """The reader's home."""
    actor, session = current_actor(), db.session()
    audience = audience_of(actor, request.args.get("espace"))
    if audience in homes.HOMES:
        shown = homes.HOMES[audience](session, actor, request.args)
        others = [kind for kind in homes.HOMES if actor.has_kind(kind) and kind != audience]
        return render_template(
            f"dashboard/home_{audience}.html", home=shown, other_homes=others, region_names=REGIONS
        )
    return render_template(
        "dashboard/public_home.html",
        lots=lots.list_lines(session, actor, limit=5)["items"],
        providers=public.list_public_providers(session),
    )


@bp.get("/comment-ca-marche")
def how_it_works() -> str:
    """The four steps, and the words that matter."""
    return render_template("dashboard/how_it_works.html")


@bp.get("/accessibilite")
def accessibility() -> str:
    """What is aimed at and what was checked."""
    return render_template("dashboard/accessibility.html")


@bp.get("/achats")
def list_lots() -> str:
    """Pooled purchases, the next to close first."""
    actor, session, asked = current_actor(), db.session(), request.args
    status = asked.get("status", "open")
    shown = lots.list_lines(
        session, actor,
        status=status if status in STATUSES else None,
        category=asked.get("category") or None, q=asked.get("q"), cursor=asked.get("cursor") or None,
    )  # fmt: skip
    return render_template(
        "dashboard/lots.html", lots=shown["items"], next=shown["next"], status=status,
        categories=list_categories(session), signed_in=actor.user_id is not None,
    )  # fmt: skip


@bp.get("/lots/<uuid:lot_id>")
@guard("dashboard.read")
def show_lot(lot_id: UUID) -> Any:
    """One pooled purchase: where it stands, my need, who can answer, what was decided."""
    return render_template("dashboard/lot.html", page=get_lot_page(db.session(), current_actor(), lot_id))
