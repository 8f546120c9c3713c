"""HTML: the vehicles of a purchasing centre, their lots, and what stands between a draft and its opening."""
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from catalog.certifications.queries import list_schemes
from marketplace.establishments.territory import region_name
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError
from marketplace.platform.i18n import language, say, told
from marketplace.platform.pagination import PageArgs
from marketplace.platform.permissions import allowed, require
from tenders.vehicles import labels, queries, services, words
from tenders.vehicles.forms import LotForm, VehicleEditForm, VehicleForm, lot_values, show_refusals
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.rules import freeze_bounds
from tenders.vehicles.schemas import LotIn, VehicleChangesIn, VehicleIn
from tenders.vehicles.terms import lot_terms

bp = page_blueprint("vehicles", __name__, template_folder="../templates")


@bp.get("/marches")
@guard("vehicle.read")
def list_vehicles() -> str:
    """Vehicles: opened ones, and the centre's own drafts."""
    status = request.args.get("status", "")
    page = queries.list_vehicles(
        db.session(),
        current_actor(),
        status=status if status in words.STATUSES else None,
        q=request.args.get("q"),
        cursor=request.args.get("cursor"),
        limit=PageArgs().load({})["limit"],
    )
    return render_template(
        "vehicles/list.html",
        vehicles=page["items"],
        next=page["next"],
        centres=queries.centre_names(db.session(), page["items"]),
        own_centres=[s for s in current_actor().seats if allowed(current_actor(), "vehicle.create", centre=s.organisation_id)],
        labels=labels,
    )


@bp.get("/marches/<uuid:vehicle_id>")
@guard("vehicle.read")
def show_vehicle(vehicle_id: UUID) -> str:
    """A vehicle, its lots, and for a draft what will be published and what still stands in the way."""
    return _vehicle_page(queries.get_vehicle(db.session(), current_actor(), vehicle_id))


def _vehicle_page(vehicle: Vehicle) -> str:
    may_write = allowed(current_actor(), "vehicle.edit", centre=vehicle.organisation_id)
    is_draft = vehicle.status == "draft"
    refusals = services.find_opening_refusals(db.session(), vehicle) if is_draft and may_write else []
    return render_template(
        "vehicles/show.html",
        vehicle=vehicle,
        is_draft=is_draft,
        may_write=may_write,
        may_cancel=may_write and vehicle.status in ("draft", "open", "closed"),
        refusals=refusals,
        warnings=services.find_opening_warnings(vehicle) if is_draft and may_write else [],
        bounds={lot.id: _bounds(lot) for lot in vehicle.lots},
        centre=queries.centre_names(db.session(), [vehicle])[vehicle.organisation_id],
        categories={category.code: category for category in queries.list_categories(db.session())},
        schemes=list_schemes(db.session(), language()),
        region_name=region_name,
        labels=labels,
    )


def _bounds(lot: Lot) -> dict[str, Any]:
    """A lot's bounds in units: frozen ones once opened, what they would be in a draft; None where there is none yet."""
    if lot.opened_at is not None:
        return {"minimum": lot.minimum_quantity, "maximum": lot.maximum_quantity}
    waits_for_price = lot.reference_unit_price is None and "amount" in (lot.minimum_basis, lot.maximum_basis)
    if waits_for_price:
        return {"minimum": None, "maximum": None}
    bounds = freeze_bounds(lot_terms(lot))
    return {"minimum": bounds.minimum_quantity, "maximum": bounds.maximum_quantity}


@bp.route("/marches/nouveau", methods=["GET", "POST"])
@guard("vehicle.create")
def create_vehicle() -> Any:
    """Prepare a vehicle."""
    services.centre_of(current_actor(), request.args.get("centre", type=UUID))
    form = VehicleForm()

    def save() -> Any:
        centre_id = request.args.get("centre", type=UUID)
        return services.create_vehicle(current_actor(), **VehicleIn().load(form.body()), organisation_id=centre_id)

    return _submit(form, save, _show, "vehicles/edit.html", title=_("Nouveau marché"), vehicle=None)


@bp.route("/marches/<uuid:vehicle_id>/modifier", methods=["GET", "POST"])
@guard("vehicle.edit")
def edit_vehicle(vehicle_id: UUID) -> Any:
    """Change a draft and its switches."""
    vehicle = _own_vehicle(vehicle_id)
    form = VehicleEditForm(obj=vehicle)

    def save() -> Any:
        return services.edit_vehicle(current_actor(), vehicle_id, VehicleChangesIn().load(form.body()))

    return _submit(form, save, _show, "vehicles/edit.html", title=_("Modifier le marché"), vehicle=vehicle)


@bp.route("/marches/<uuid:vehicle_id>/lots/nouveau", methods=["GET", "POST"])
@guard("vehicle.edit")
def add_lot(vehicle_id: UUID) -> Any:
    """Add a lot to a draft."""
    vehicle = _own_vehicle(vehicle_id)
    form = _lot_form()

    def save() -> Any:
        return services.add_lot(current_actor(), vehicle_id, **LotIn().load(form.body()))

    return _submit(form, save, _show_vehicle_of, "vehicles/lot.html", title=_("Nouveau lot"), vehicle=vehicle, lot=None)


@bp.route("/marches/lots/<uuid:lot_id>/modifier", methods=["GET", "POST"])
@guard("vehicle.edit")
def edit_lot(lot_id: UUID) -> Any:
    """Change a lot of a draft."""
    lot = queries.get_lot(db.session(), current_actor(), lot_id)
    _own_vehicle(lot.vehicle_id)
    form = _lot_form(data=lot_values(lot))

    def save() -> Any:
        return services.edit_lot(current_actor(), lot_id, LotIn().load(form.body()))

    return _submit(
        form, save, _show_vehicle_of, "vehicles/lot.html", title=_("Modifier le lot"), vehicle=lot.vehicle, lot=lot
    )


@bp.post("/marches/lots/<uuid:lot_id>/suppression")
@guard("vehicle.edit")
def remove_lot(lot_id: UUID) -> Any:
    """Take a lot out of a draft."""
    vehicle_id = queries.get_lot(db.session(), current_actor(), lot_id).vehicle_id
    return _act(vehicle_id, lambda: services.remove_lot(current_actor(), lot_id), _("Le lot est retiré."))


@bp.post("/marches/<uuid:vehicle_id>/ouverture")
@guard("vehicle.open")
def open_vehicle(vehicle_id: UUID) -> Any:
    """Publish a vehicle."""
    return _act(
        vehicle_id,
        lambda: services.open_vehicle(current_actor(), vehicle_id),
        _("Le marché est ouvert : les établissements peuvent déposer leurs besoins."),
    )


@bp.post("/marches/<uuid:vehicle_id>/annulation")
@guard("vehicle.cancel")
def cancel_vehicle(vehicle_id: UUID) -> Any:
    """Give a vehicle up."""
    reason = request.form.get("reason", "").strip()[:2000]
    if not reason:
        flash(_("Écrivez la raison de l'annulation : elle est communiquée à tous."), "error")
        return redirect(url_for(".show_vehicle", vehicle_id=vehicle_id))
    return _act(
        vehicle_id,
        lambda: services.cancel_vehicle(current_actor(), vehicle_id, reason=reason),
        _("Le marché est annulé ; les établissements qui y participaient sont prévenus."),
    )


def _lot_form(**options: Any) -> LotForm:
    return LotForm(queries.list_categories(db.session()), list_schemes(db.session(), language()), **options)


def _own_vehicle(vehicle_id: UUID) -> Vehicle:
    """A vehicle whose form the reader may fill; NotAllowed before anything is typed rather than after."""
    vehicle = queries.get_vehicle(db.session(), current_actor(), vehicle_id)
    require(current_actor(), "vehicle.edit", centre=vehicle.organisation_id)
    return vehicle


def _act(vehicle_id: UUID, use_case: Callable[[], Any], done: str) -> Any:
    """Do it and say so, or say why not, then show the vehicle again."""
    queries.get_vehicle(db.session(), current_actor(), vehicle_id)
    try:
        use_case()
    except DomainError as refused:
        flash(told(refused), "error")
    else:
        flash(done, "success")
    return redirect(url_for(".show_vehicle", vehicle_id=vehicle_id))


def _show(vehicle: Vehicle) -> str:
    return url_for(".show_vehicle", vehicle_id=vehicle.id)


def _show_vehicle_of(lot: Lot) -> str:
    return url_for(".show_vehicle", vehicle_id=lot.vehicle_id)


def _submit(form: FlaskForm, save: Callable[[], Any], onward: Callable[[Any], str], template: str, **seen: Any) -> Any:
    """Show the form, or save it and go on; a refusal is shown next to its field and nothing is lost."""
    homeless: list[str] = []
    if form.validate_on_submit():
        try:
            return redirect(onward(save()))
        except ma.ValidationError as bad:
            homeless = show_refusals(form, _flat(bad.normalized_messages()))
        except BadInput as bad:
            said = {field: [say(text) for text in texts] for field, texts in bad.errors.items()}
            homeless = show_refusals(form, said)
        except DomainError as refused:
            homeless = show_refusals(form, {refused.details.get("field", ""): [told(refused)]})
    page = render_template(template, form=form, homeless=homeless, **seen)
    return page, 422 if form.is_submitted() else 200


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages by dotted field name."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in messages.items():
            found |= _flat(value, f"{path}.{key}".lstrip("."))
        return found
    return {path: [str(text) for text in (messages if isinstance(messages, list) else [messages])]}
