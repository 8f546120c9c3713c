"""HTML: my need on a lot (enter, sign, withdraw), the needs of a lot, closing it, and its decision."""
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.establishments.labels import ESTATE
from marketplace.establishments.models import Establishment
from marketplace.establishments.queries import get_establishment
from marketplace.grappes.queries import find_active_grappe
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError, NotFound
from marketplace.platform.i18n import say, told
from marketplace.platform.navigation import page_url
from marketplace.platform.permissions import allowed, require
from tenders.demand import answers, queries, services
from tenders.demand.api import wish_of
from tenders.demand.estimates.previous import PreviousNeed, find_previous
from tenders.demand.estimates.queries import find_estimate
from tenders.demand.forms import ClosingForm, EarlyClosingForm, NeedForm
from tenders.demand.models import Need
from tenders.demand.rules.exposure import Exposure, exposure
from tenders.demand.rules.phases import check_phases, years_of
from tenders.demand.schemas import NeedIn
from tenders.demand.services import NeedState
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot

bp = page_blueprint("demand", __name__, template_folder="../templates")

FIELD_OF_CODE = {"phases_not_by_year": "phases", "phases_do_not_fit": "phases"}
"""The field that a refusal belongs to; other refusals are the whole need's."""


@bp.route("/lots/<uuid:lot_id>/besoin/<uuid:establishment_id>", methods=["GET", "POST"])
@guard("need.place")
def edit_need(lot_id: UUID, establishment_id: UUID) -> Any:
    """Enter or change a site's need; what a signatory is about to sign is shown in euros first."""
    lot, site = _lot_and_site(lot_id, establishment_id)
    need = _own_need(lot_id, establishment_id)
    previous = None if need else find_previous(db.session(), lot, establishment_id)
    taken_up = previous.wish if previous and identifier(request.args.get("reprendre", "")) == previous.lot_id else None
    grappe = find_active_grappe(db.session(), establishment_id, lot.category_code)
    form = NeedForm.for_need(need, grappe, years_of(lot.term_months), taken_up)
    homeless: list[str] = []
    if form.validate_on_submit():
        try:
            body = NeedIn().load(form.body())
            if _must_see_exposure(site, body, need):
                return _need_page(form, lot, site, need, [], about_to_sign=_shown(lot, body))
            state = services.put_need(
                current_actor(), lot_id, establishment_id, wish_of(body), accept_waitlist=body["accept_waitlist"]
            )
            flash(_done(state), "success")
            return redirect(_lot_url(lot_id))
        except ma.ValidationError as bad:
            homeless = form.show(_flat(bad.normalized_messages()))
        except BadInput as bad:
            homeless = form.show({field: [say(text) for text in texts] for field, texts in bad.errors.items()})
        except DomainError as refused:
            homeless = form.show({FIELD_OF_CODE.get(refused.code, ""): [told(refused)]})
    page = _need_page(form, lot, site, need, homeless, previous=previous)
    return page, 422 if form.is_submitted() else 200


@bp.post("/lots/<uuid:lot_id>/besoin/<uuid:establishment_id>/signature")
@guard("need.sign")
def sign_need(lot_id: UUID, establishment_id: UUID) -> Any:
    """Sign the firm need that awaits it."""
    waits = bool(request.form.get("accept_waitlist"))
    return _act(
        lot_id, establishment_id,
        lambda: _done(services.sign_need(current_actor(), lot_id, establishment_id, accept_waitlist=waits)),
    )  # fmt: skip


@bp.post("/lots/<uuid:lot_id>/besoin/<uuid:establishment_id>/renvoi")
@guard("need.sign")
def return_need(lot_id: UUID, establishment_id: UUID) -> Any:
    """Send a firm need back to whoever proposed it."""

    def send_back() -> str:
        services.return_need(current_actor(), lot_id, establishment_id)
        return _("Le besoin est renvoyé à la personne qui l'a proposé ; il est indicatif en attendant.")

    return _act(lot_id, establishment_id, send_back)


@bp.post("/lots/<uuid:lot_id>/besoin/<uuid:establishment_id>/retrait")
@guard("need.place")
def withdraw_need(lot_id: UUID, establishment_id: UUID) -> Any:
    """Take a need back."""

    def withdraw() -> str:
        services.withdraw_need(current_actor(), lot_id, establishment_id)
        return _("Le besoin est retiré : il ne compte plus et n'engage plus.")

    return _act(lot_id, establishment_id, withdraw)


@bp.get("/lots/<uuid:lot_id>/besoins")
@guard("need.read")
def list_needs(lot_id: UUID) -> str:
    """The needs the reader may see: its own and its grappes'; all of them for the vehicle's centre."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    page = queries.list_needs(db.session(), current_actor(), lot_id, cursor=request.args.get("cursor"))
    return render_template("demand/needs.html", lot=lot, rows=page["items"], next=page["next"], lot_url=_lot_url(lot_id))


@bp.route("/lots/<uuid:lot_id>/cloture", methods=["GET", "POST"])
@guard("lot.close")
def close_lot(lot_id: UUID) -> Any:
    """Close a lot: what would be decided now, then the decision."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    require(current_actor(), "lot.close", centre=lot.vehicle.organisation_id)
    is_early = clock.now() < lot.needs_close_at
    form = EarlyClosingForm() if is_early else ClosingForm()
    homeless: list[str] = []
    if form.validate_on_submit():
        try:
            services.close_lot(current_actor(), lot_id, reason=form.reason.data)
            flash(_("La décision est prise ; chaque participant est prévenu de ce qui le concerne."), "success")
            return redirect(url_for(".show_decision", lot_id=lot_id))
        except BadInput as bad:
            form.reason.errors = [say(text) for text in bad.errors["reason"]]
        except DomainError as refused:
            homeless = [told(refused)]
    pool = queries.get_pool(db.session(), current_actor(), lot_id)
    page = render_template(
        "demand/close.html", form=form, homeless=homeless, lot=lot, lot_url=_lot_url(lot_id), pool=pool,
        is_early=is_early, may_close=not is_early or pool.is_met or pool.minimum.kind != "contractual",
    )  # fmt: skip
    return page, 422 if form.is_submitted() else 200


@bp.get("/lots/<uuid:lot_id>/decision")
@guard("pool.read")
def show_decision(lot_id: UUID) -> str:
    """What was decided, round by round, with the reason for each member the reader may see."""
    session, actor = db.session(), current_actor()
    lot = vehicles.get_lot(session, actor, lot_id)
    sight = queries.closing_sight(session, actor, lot)
    closings = [answers.closing(each, sight) for each in reversed(queries.list_closings(session, lot_id))]
    members = {UUID(line["establishment_id"]) for each in closings for line in (*each["included"], *each["excluded"])}
    names = queries.establishment_names(session, members)
    may_undo = lot.status != "open" and allowed(actor, "lot.close", centre=lot.vehicle.organisation_id)
    return render_template(
        "demand/decision.html", lot=lot, closings=closings, names=names, lot_url=_lot_url(lot_id), may_undo=may_undo
    )


def _lot_and_site(lot_id: UUID, establishment_id: UUID) -> tuple[Lot, Establishment]:
    """The lot and one of the reader's own sites; NotAllowed before anything is typed rather than after."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    if lot.opened_at is None:
        raise NotFound("lot")
    site = get_establishment(db.session(), establishment_id)
    require(current_actor(), "need.place", own=site.organisation_id)
    return lot, site


def _own_need(lot_id: UUID, establishment_id: UUID) -> Need | None:
    return db.session().get(Need, (lot_id, establishment_id))


def _must_see_exposure(site: Establishment, body: Mapping[str, Any], need: Need | None) -> bool:
    """Nobody signs by the way: a firm need that this person would sign is first shown with its amount."""
    signs = body["firmness"] == "firm" and allowed(current_actor(), "need.sign", own=site.organisation_id)
    return signs and request.form.get("seen") != _fingerprint(body)


def _fingerprint(body: Mapping[str, Any]) -> str:
    """What was shown, so that a figure changed after it was seen is shown again."""
    shown = [body["quantity"], body["tolerance"], body["price_ceiling"], *(body["phases"] or ())]
    return ":".join(map(str, shown))


def _shown(lot: Lot, body: Mapping[str, Any]) -> dict[str, Any]:
    price = body["price_ceiling"] if body["price_ceiling"] is not None else lot.reference_unit_price
    check_phases(body["phases"], body["quantity"], lot.price_period, lot.term_months)
    shown = exposure(
        body["quantity"], price, lot.price_period, lot.term_months, body["tolerance"], phases=body["phases"]
    )
    return {
        "quantity": body["quantity"], "tolerance": body["tolerance"], "phases": body["phases"], "exposure": shown,
        "seen": _fingerprint(body),
    }  # fmt: skip


def _need_page(
    form: NeedForm, lot: Lot, site: Establishment, need: Need | None, homeless: list[str],
    about_to_sign: dict[str, Any] | None = None, previous: PreviousNeed | None = None,
) -> str:  # fmt: skip
    may_sign = allowed(current_actor(), "need.sign", own=site.organisation_id)
    to_sign = need is not None and need.status == "awaiting_signature"
    return render_template(
        "demand/need.html", form=form, lot=lot, site=site, need=need, homeless=homeless, about_to_sign=about_to_sign,
        may_sign=may_sign, lot_url=_lot_url(lot.id), rank=need and queries.rank_of(db.session(), need),
        to_sign=_exposure_of(lot, need) if to_sign and need is not None else None,
        proposed=find_estimate(db.session(), site, lot.category_code), estate_words=ESTATE, previous=previous,
        is_open=lot.status == "open" and clock.now() < lot.needs_close_at,
    )  # fmt: skip


def _exposure_of(lot: Lot, need: Need) -> Exposure:
    price = lot.reference_unit_price
    return exposure(need.quantity, price, lot.price_period, lot.term_months, need.tolerance, phases=need.phases)


def _done(state: NeedState) -> str:
    return {
        "counted": _("Votre besoin est compté. Vous pouvez le modifier ou le retirer jusqu'à la clôture."),
        "waitlisted": _("Le maximum est atteint : votre besoin est en liste d'attente, rang %(rank)s.", rank=state.rank),
        "awaiting_signature": _("Votre besoin ferme attend sa signature ; les signataires sont prévenus."),
        "not_counted": _("Votre besoin indicatif est noté : il n'engage à rien et ne compte pas."),
    }[state.status]


def _act(lot_id: UUID, establishment_id: UUID, use_case: Callable[[], str]) -> Any:
    """Do it and say so, or say why not, then show the need again or the lot."""
    try:
        flash(use_case(), "success")
    except DomainError as refused:
        flash(told(refused), "error")
        return redirect(url_for(".edit_need", lot_id=lot_id, establishment_id=establishment_id))
    return redirect(_lot_url(lot_id))


def _lot_url(lot_id: UUID) -> str:
    return page_url("dashboard_pages.show_lot", lot_id=lot_id) or url_for(".list_needs", lot_id=lot_id)


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages by dotted field name."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in messages.items():
            found |= _flat(value, f"{path}.{key}".lstrip("."))
        return found
    return {path: [str(text) for text in (messages if isinstance(messages, list) else [messages])]}
