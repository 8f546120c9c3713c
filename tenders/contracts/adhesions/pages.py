"""HTML: the convention of a vehicle to read and sign, who adheres, and the end of an adhesion."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError, NotFound
from marketplace.platform.files import LARGEST_FILE, Upload, give_out, read_upload
from marketplace.platform.i18n import say, told
from marketplace.platform.money import incl_vat
from marketplace.platform.permissions import allowed
from tenders.contracts.adhesions import queries, services
from tenders.contracts.adhesions.rules import OPEN_TO_ADHESION
from tenders.vehicles.queries import centre_names, get_vehicle

bp = page_blueprint("adhesions", __name__, template_folder="../../templates", url_prefix="/marches")


@bp.get("/<uuid:vehicle_id>/adhesions")
@guard("adhesion.read")
def show_adhesions(vehicle_id: UUID) -> str:
    """Who adheres to the vehicle, as far as the reader may see, and the convention its own organisations may sign."""
    session, actor = db.session(), current_actor()
    vehicle = get_vehicle(session, actor, vehicle_id)
    page = queries.list_adhesions(session, actor, vehicle_id=vehicle_id, cursor=request.args.get("cursor"))
    own, known = actor.organisation_ids(kind="care_operator"), queries.adhering(session, [vehicle_id])
    missing = [each for each in own if (vehicle_id, each) not in known]
    return render_template(
        "adhesions/adhesions.html",
        vehicle=vehicle,
        centre=centre_names(session, [vehicle])[vehicle.organisation_id],
        adhesions=page["items"],
        next=page["next"],
        incl_vat=incl_vat,
        is_centre=vehicle.organisation_id in actor.organisation_ids(kind="purchasing_centre"),
        takes_adhesions=vehicle.status in OPEN_TO_ADHESION,
        conventions=[
            (organisation.name, convention, allowed(actor, "adhesion.sign", own=organisation.id))
            for organisation, convention in queries.conventions_for(session, vehicle, missing)
        ],
        may_end={
            each.id: each.ended_at is None
            and allowed(actor, "adhesion.end", own=each.organisation_id, centre=vehicle.organisation_id)
            for each in page["items"]
        },
    )


@bp.post("/<uuid:vehicle_id>/adhesions")
@guard("adhesion.sign")
def adhere(vehicle_id: UUID) -> Response:
    """Sign the convention that was read."""
    organisation_id = identifier(request.form.get("organisation_id", ""))
    if organisation_id is None:
        raise NotFound("organisation")
    try:
        shown = request.form.get("convention_sha256", "")
        services.adhere(current_actor(), vehicle_id, organisation_id, convention_sha256=shown, upload=_upload())
    except DomainError as refused:
        return _refused(refused, vehicle_id)
    flash(_("Convention signée : votre organisation adhère à ce marché, la centrale est prévenue."), "success")
    return redirect(_page(vehicle_id))


@bp.post("/adhesions/<uuid:adhesion_id>/fin")
@guard("adhesion.end")
def end_adhesion(adhesion_id: UUID) -> Response:
    """End an adhesion with its reason."""
    vehicle_id = queries.get_adhesion(db.session(), current_actor(), adhesion_id).vehicle_id
    try:
        services.end_adhesion(current_actor(), adhesion_id, request.form.get("reason", ""))
    except DomainError as refused:
        return _refused(refused, vehicle_id)
    flash(_("Adhésion terminée : la centrale et l'adhérent sont prévenus."), "success")
    return redirect(_page(vehicle_id))


@bp.get("/adhesions/<uuid:adhesion_id>/convention-signee.pdf")
@guard("adhesion.read")
def read_signed(adhesion_id: UUID) -> Response:
    """The convention signed on paper, to save."""
    stored = queries.get_adhesion(db.session(), current_actor(), adhesion_id).signed_file
    if stored is None:
        raise NotFound("signed convention")
    return give_out(stored)


def _upload() -> Upload | None:
    sent = request.files.get("signed_file")
    if sent is None or not sent.filename:
        return None
    return read_upload(sent.filename, sent.read(LARGEST_FILE + 1))


def _refused(refused: DomainError, vehicle_id: UUID) -> Response:
    """Say why not, back on the page; what may not be seen or done stays an error."""
    if isinstance(refused, BadInput):
        flash(" ".join(say(text) for texts in refused.errors.values() for text in texts), "error")
    else:
        flash(told(refused), "error")
    return redirect(_page(vehicle_id))


def _page(vehicle_id: UUID) -> str:
    return url_for(".show_adhesions", vehicle_id=vehicle_id)
