"""HTML for one establishment: which group purchase for it, and what it pays alone."""
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.categories.queries import list_categories
from marketplace.establishments.queries import list_own
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, NotFound
from marketplace.platform.i18n import language, say
from marketplace.platform.permissions import allowed
from tenders.composition.studies import queries, services
from tenders.composition.studies.seeking import seek
from tenders.vehicles.rules import MOST_UNITS

bp = page_blueprint("own_studies", __name__, template_folder="../../templates", url_prefix="/etudes")


@bp.get("/pour-mon-site")
@guard("group_purchase.seek")
def for_my_site() -> str:
    """« Quel achat groupé pour moi ? »: the form, and with a site, a category and a quantity the open lots, best first."""
    return _page([])


@bp.post("/mon-prix")
@guard("stand_alone_price.state")
def state_price() -> Any:
    """Say what a site pays alone for a category, or take it back when the field is empty."""
    actor, form = current_actor(), request.form
    site_id, category = identifier(form.get("establishment", "")), form.get("category", "")
    if site_id is None:
        raise NotFound("establishment")
    written = "".join(form.get("unit_price", "").split()).replace("€", "").replace(",", ".")
    try:
        if written:
            services.state_price(actor, site_id, category, _price(written))
            flash(_("Prix enregistré : les économies seront comptées par rapport à lui."), "success")
        else:
            services.forget_price(actor, site_id, category)
            flash(_("Prix retiré : aucune économie ne sera plus annoncée pour ce site dans cette catégorie."), "success")
    except BadInput as bad:
        return _page([say(text) for texts in bad.errors.values() for text in texts], form), 422
    asked: dict[str, Any] = {name: form.get(name, "") for name in ("establishment", "category", "quantity")}
    return redirect(url_for("own_studies_pages.for_my_site", **asked))


def _price(written: str) -> Decimal:
    try:
        price = Decimal(written)
    except InvalidOperation:
        price = Decimal(0)
    return price.quantize(Decimal("0.0001")) if price.is_finite() and abs(price) < 10**9 else Decimal(0)


def _page(errors: list[str], given: Any = None) -> str:
    session, actor = db.session(), current_actor()
    given = request.args if given is None else given
    sites = list_own(session, actor)
    if not sites:
        raise NotFound("establishment")
    categories = list_categories(session)
    by_code = {one.code: one for one in categories}
    site = next((one for one in sites if str(one.id) == given.get("establishment")), sites[0])
    category = by_code.get(given.get("category", "")) or categories[0]
    written = "".join(given.get("quantity", "").split())
    quantity = int(written) if written.isdecimal() and 0 < int(written[:13] or 0) <= MOST_UNITS and len(written) < 14 else None
    found = seek(session, actor, site.id, category.code, quantity or 1)
    prices = {row.category_code: row for row in queries.list_prices(session, [site.id])}
    return render_template(
        "composition/for_my_site.html", sites=sites, site=site, categories=categories, category=category,
        asked=given.get("quantity", ""), quantity=quantity, found=found, errors=errors, price=prices.get(category.code),
        wrong=bool(written) and quantity is None, names={one.code: one.name_in(language()) for one in categories},
        may_state=allowed(actor, "stand_alone_price.state", own=site.organisation_id),
    )  # fmt: skip
