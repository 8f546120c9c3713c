"""HTML of mini-competitions: ask the holders of a lot, follow, answer, decide; and the framework of a lot."""
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.establishments.queries import get_establishment
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound, RuleBroken
from marketplace.platform.i18n import sentence
from marketplace.platform.idempotency import form_key, request_key
from marketplace.platform.permissions import allowed, require
from tenders.contracts import acting
from tenders.contracts.competitions import forms, queries
from tenders.contracts.competitions.notices import reference_of
from tenders.contracts.competitions.rules.criteria import PRICE, Framework
from tenders.contracts.competitions.services import answering, deciding, opening
from tenders.contracts.competitions.steps import Asked, who_is_asked
from tenders.contracts.competitions.views import Sight, sight_of
from tenders.contracts.ordering.forms import whole
from tenders.contracts.ordering.notices import reference_of as order_reference
from tenders.contracts.ordering.queries.ground import look_at_ground
from tenders.contracts.ordering.steps import Ask
from tenders.vehicles.models import Lot

bp = page_blueprint("competitions", __name__, template_folder="../../templates", url_prefix="/concurrences")

MOST_LISTED = 200


@bp.get("")
@guard("competition.read")
def list_competitions() -> str:
    """Those the reader asked, was asked in, or whose lots it runs; the newest first, without anything of their offers."""
    actor = current_actor()
    rows = queries.list_newest(db.session(), actor, MOST_LISTED)
    return render_template("competitions/list.html", rows=rows, reference_of=reference_of, actor=actor)


@bp.get("/nouvelle")
@guard("competition.open")
def ask() -> str:
    """What one asks the holders of a lot for, who they are, and what its framework says."""
    return _form_page(request.args)


@bp.post("/nouvelle")
@guard("competition.open")
def open_competition() -> Any:
    """Ask them."""
    site, lot, framework = _asked_on(request.form)
    read = forms.want_of(request.form, site.id, lot.id, framework)
    if read.want is None:
        return _form_page(request.form, read.errors), 422
    try:
        opened = opening.open_competition(current_actor(), read.want, key=request_key())
    except RuleBroken as refused:
        if "field" in refused.details:
            return _form_page(request.form, {str(refused.details["field"]): [sentence(refused)]}), 422
        flash(sentence(refused), "error")
        return _form_page(request.form), 409
    flash(_("Les titulaires sont consultés : ils reçoivent votre demande et leur délai."), "success")
    return redirect(url_for(".show_competition", competition_id=opened.id))


def _asked_on(sent: Mapping[str, str]) -> tuple[Establishment, Lot, Framework]:
    """The site and the lot named by a form, for whoever orders there; NotFound for any other."""
    site_id, lot_id = identifier(sent.get("site", "")), identifier(sent.get("lot", ""))
    if site_id is None or lot_id is None:
        raise NotFound("lot")
    session, actor = db.session(), current_actor()
    site, lot = get_establishment(session, site_id), queries.get_competing_lot(session, actor, lot_id)
    require(actor, "competition.open", own=site.organisation_id)
    return site, lot, queries.framework_of(session, lot.id)


def _form_page(sent: Mapping[str, str], errors: acting.Errors | None = None) -> str:
    site, lot, framework = _asked_on(sent)
    asked, nobody = _who_now(db.session(), site, lot)
    return render_template(
        "competitions/ask.html", site=site, lot=lot, framework=framework, asked=asked, nobody=nobody, errors=errors or {},
        sent={**forms.usual(framework), **sent}, key=form_key(), price_alone=lot.vehicle.allows_price_only_award,
    )  # fmt: skip


def _who_now(session: Session, site: Establishment, lot: Lot) -> tuple[Asked | None, RuleBroken | None]:
    """Who would be asked for the smallest order today, or why nobody."""
    ground = look_at_ground(session, [lot.id], {site.id})
    try:
        return who_is_asked(ground, Ask("1", site.id, lot.id, lot.order_multiple, clock.today())), None
    except RuleBroken as why:
        return None, why


@bp.get("/<uuid:competition_id>")
@guard("competition.read")
def show_competition(competition_id: UUID) -> str:
    """One competition as its reader may see it, and what it can do next."""
    return _page(competition_id)


def _page(competition_id: UUID, errors: acting.Errors | None = None, act: str = "") -> str:
    session, actor = db.session(), current_actor()
    sight = sight_of(session, actor, competition_id)
    competition = sight.competition
    order = competition.call_off
    own = [line for line in sight.lines if line.seen.is_own]
    framework = queries.framework_of(session, competition.lot_id)
    return render_template(
        "competitions/show.html", sight=sight, competition=competition, reference=reference_of(competition), own=own,
        ceilings={line.seen.contract_id: queries.ceiling_of(session, competition, line.seen.contract_id) for line in own},
        qualities=[each for each in competition.judged_on if each.code != PRICE], errors=errors or {}, act=act,
        order=order if _sees_order(sight) else None, order_reference=order_reference,
        usual=forms.usual(framework), days=framework.answer_days, key=form_key(),
    )  # fmt: skip


def _sees_order(sight: Sight) -> bool:
    """Those who ask and the centre; the holder that won, once it is sent."""
    order = sight.competition.call_off
    won = any(line.seen.is_own and line.position == 1 for line in sight.lines)
    return order is not None and (sight.reads_all or (won and order.sent_at is not None))


def _act_on(competition_id: UUID, act: str, use_case: Callable[[], object], done: str) -> Any:
    """Do it and say so on the competition's page."""
    onward = url_for(".show_competition", competition_id=competition_id)
    return acting.act(use_case, done, lambda errors: _page(competition_id, errors, act), onward)


@bp.post("/<uuid:competition_id>/offres/<uuid:contract_id>")
@guard("competition.answer")
def answer(competition_id: UUID, contract_id: UUID) -> Any:
    """The holder gives its price."""
    unit_price, mobilisation, errors = forms.prices_of(request.form)
    if errors:
        return _page(competition_id, errors, "answer"), 422
    return _act_on(
        competition_id, "answer",
        lambda: answering.answer_competition(
            current_actor(), competition_id, contract_id, unit_price=unit_price, mobilisation=mobilisation,
            remarks=request.form.get("remarks"),
        ),
        _("Votre offre est enregistrée. Personne ne la lit avant la fin des réponses ; vous pouvez la changer jusque-là."),
    )  # fmt: skip


@bp.post("/<uuid:competition_id>/offres/<uuid:contract_id>/refus")
@guard("competition.answer")
def decline(competition_id: UUID, contract_id: UUID) -> Any:
    """The holder gives no price."""
    reason = request.form.get("reason", "")
    return _act_on(
        competition_id, "decline",
        lambda: answering.decline_competition(current_actor(), competition_id, contract_id, reason),
        _("Votre refus est enregistré ; vous pouvez encore donner un prix jusqu'à la fin des réponses."),
    )  # fmt: skip


@bp.post("/<uuid:competition_id>/notes")
@guard("competition.decide")
def score(competition_id: UUID) -> Any:
    """Score the offers on quality."""
    actor = current_actor()
    scores, errors = forms.scores_of(request.form, sight_of(db.session(), actor, competition_id))
    if errors:
        return _page(competition_id, errors, "score"), 422
    done = _("Les notes sont enregistrées ; le classement est à jour.")
    return _act_on(competition_id, "score", lambda: deciding.score_offers(actor, competition_id, scores), done)


@bp.post("/<uuid:competition_id>/attribution")
@guard("competition.decide")
def award(competition_id: UUID) -> Any:
    """Order from the first of the ranking."""
    contract_id = identifier(request.form.get("contract", ""))
    if contract_id is None:
        raise NotFound("contract")
    note, key = request.form.get("note"), request_key()
    return _act_on(
        competition_id, "award",
        lambda: deciding.award_competition(current_actor(), competition_id, contract_id, note, key=key),
        _("La commande est passée au premier du classement ; chaque titulaire qui a répondu apprend pourquoi."),
    )  # fmt: skip


@bp.post("/<uuid:competition_id>/annulation")
@guard("competition.open")
def cancel(competition_id: UUID) -> Any:
    """Give it up."""
    reason = request.form.get("reason", "")
    done = _("La mise en concurrence est annulée ; les titulaires consultés sont prévenus.")
    return _act_on(
        competition_id, "cancel", lambda: opening.cancel_competition(current_actor(), competition_id, reason), done
    )


@bp.post("/<uuid:competition_id>/reouverture")
@guard("competition.open")
def reopen(competition_id: UUID) -> Any:
    """Ask again with another deadline."""
    closes_at = forms.moment_of(request.form.get("closes_at", ""))
    if closes_at is None:
        wrong = {"closes_at": [_("Donnez un jour et une heure, par exemple 2027-06-01T12:00.")]}
        return _page(competition_id, wrong, "reopen"), 422
    done = _("Les titulaires sont consultés à nouveau.")
    return _act_on(
        competition_id, "reopen", lambda: opening.reopen_competition(current_actor(), competition_id, closes_at), done
    )


@bp.get("/cadre/<uuid:lot_id>")
@guard("competition.read")
def show_framework(lot_id: UUID) -> str:
    """What a lot's framework allows; its centre changes it until the first competition."""
    return _framework_page(lot_id)


def _framework_page(lot_id: UUID, errors: acting.Errors | None = None) -> str:
    session, actor = db.session(), current_actor()
    lot = queries.get_competing_lot(session, actor, lot_id)
    return render_template(
        "competitions/framework.html", lot=lot, framework=queries.framework_of(session, lot_id), errors=errors or {},
        is_fixed=queries.count_on(session, lot_id) > 0, price_alone=lot.vehicle.allows_price_only_award,
        may_frame=allowed(actor, "competition.frame", centre=lot.vehicle.organisation_id),
    )  # fmt: skip


@bp.post("/cadre/<uuid:lot_id>")
@guard("competition.frame")
def set_framework(lot_id: UUID) -> Any:
    """Say what it allows."""
    form = request.form
    try:
        opening.set_framework(
            current_actor(), lot_id, answer_days=whole(form.get("answer_days", "")),
            least_price_percent=whole(form.get("least_price_percent", "")), qualities=form.get("qualities", "").splitlines(),
        )  # fmt: skip
    except RuleBroken as refused:
        if "field" in refused.details:
            return _framework_page(lot_id, {str(refused.details["field"]): [sentence(refused)]}), 422
        flash(sentence(refused), "error")
        return redirect(url_for(".show_framework", lot_id=lot_id))
    flash(_("Le cadre est enregistré : les établissements choisissent parmi ces critères."), "success")
    return redirect(url_for(".show_framework", lot_id=lot_id))
