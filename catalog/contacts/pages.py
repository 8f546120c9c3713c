"""HTML: exchanges with providers, asked and received, and providers that look for a partner."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.certifications.queries import list_schemes
from catalog.contacts import queries, services
from catalog.contacts.forms import AnswerForm, AskForm, PartnerSearchForm
from catalog.contacts.models import ContactThread, PartnerSearch
from catalog.contacts.permissions import ASKERS, THOSE_WHO_SPEAK
from catalog.contacts.rules import STATUSES
from catalog.contacts.schemas import ContactActIn, ContactIn, PartnerSearchIn
from catalog.offers.queries import get_offer
from catalog.providers import labels
from catalog.providers.queries import get_provider, list_own_providers
from catalog.providers.submission import submit
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import NotAllowed
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor, Seat, allowed, require

bp = page_blueprint("contacts", __name__, template_folder="../templates")


@bp.get("/contacts")
@guard("contact.read")
def list_exchanges() -> str:
    """The exchanges of my organisations; those that wait for me say so."""
    status = request.args.get("status", "")
    page = queries.list_threads(
        db.session(), current_actor(), status=status if status in STATUSES else None, cursor=request.args.get("cursor")
    )
    return render_template(
        "catalog/contacts.html", threads=page["items"], next=page["next"], status=status, labels=labels,
        is_provider=current_actor().has_kind("provider"),
    )  # fmt: skip


@bp.route("/prestataires/<uuid:provider_id>/contact", methods=["GET", "POST"])
@guard("contact.ask")
def ask(provider_id: UUID) -> Any:
    """Ask a provider for an exchange, about one of its offers when the address names one."""
    session, actor = db.session(), current_actor()
    provider = get_provider(session, actor, provider_id)
    seats = asking_seats(actor)
    if not seats:
        raise NotAllowed("contact.ask")
    offer_id = identifier(request.args.get("offer", ""))
    offer = get_offer(session, actor, offer_id) if offer_id is not None else None
    form = AskForm(seats, data={"subject": offer.title if offer else ""})

    def save() -> ContactThread:
        body = {**form.body(), "offer_id": str(offer.id) if offer else None}
        return services.ask_for_exchange(actor, provider_id, **ContactIn().load(body))

    def onward(made: ContactThread) -> str:
        flash(_("Demande envoyée : vous serez prévenu de la réponse."), "success")
        return url_for(".show_exchange", thread_id=made.id)

    return submit(form, save, onward, "catalog/contact_form.html", provider=provider, offer=offer)


@bp.route("/contacts/<uuid:thread_id>", methods=["GET"])
@guard("contact.read")
def show_exchange(thread_id: UUID) -> Any:
    """An exchange, and what I may answer."""
    thread = queries.get_thread(db.session(), current_actor(), thread_id)
    return _thread_page(thread, _answer_form(thread), [])


@bp.post("/contacts/<uuid:thread_id>")
@guard("contact.answer")
def answer(thread_id: UUID) -> Any:
    """Answer an exchange."""
    thread = queries.get_thread(db.session(), current_actor(), thread_id)
    form = _answer_form(thread)

    def save() -> queries.ShownThread:
        return services.answer_exchange(current_actor(), thread_id, **ContactActIn().load(form.body()))

    def onward(_answered: queries.ShownThread) -> str:
        flash(_("Réponse envoyée : l'autre partie est prévenue."), "success")
        return url_for(".show_exchange", thread_id=thread_id)

    return submit(form, save, onward, "catalog/contact.html", **_seen(thread))


@bp.get("/partenaires")
@guard("partner.read")
def list_searches() -> str:
    """Providers that look for a partner, and my own search."""
    session, actor = db.session(), current_actor()
    require(actor, "partner.read")
    page: dict[str, Any] = {"items": [], "next": None}
    if queries.reads_searches(session, actor):
        page = queries.list_searches(session, cursor=request.args.get("cursor"))
    own = list_own_providers(session, actor)
    held = queries.hds_held(session, [*(s.provider_id for s, _provider in page["items"]), *(p.id for p in own)])
    return render_template(
        "catalog/partners.html", searches=page["items"], next=page["next"], held=held, own=own,
        mine={p.id: queries.find_search(session, p.id) for p in own}, names=_activities(),
        covered=frozenset().union(*(held.get(p.id, frozenset()) for p in own)),
        may_list=[p.id for p in own if allowed(actor, "partner.list", own=p.organisation_id)],
    )  # fmt: skip


@bp.route("/prestataires/<uuid:provider_id>/recherche-de-partenaire", methods=["GET", "POST"])
@guard("partner.list")
def list_as_seeking(provider_id: UUID) -> Any:
    """List my provider among those that look for a partner."""
    session, actor = db.session(), current_actor()
    provider = get_provider(session, actor, provider_id)
    require(actor, "partner.list", own=provider.organisation_id)
    held = queries.hds_held(session, [provider_id]).get(provider_id, frozenset())
    form = PartnerSearchForm(
        {number: name for number, name in _activities().items() if number not in held},
        obj=queries.find_search(session, provider_id),
    )

    def save() -> PartnerSearch:
        return services.list_as_seeking(actor, provider_id, **PartnerSearchIn().load(form.body()))

    def onward(_listed: PartnerSearch) -> str:
        flash(_("Recherche publiée : les prestataires vérifiés peuvent vous solliciter."), "success")
        return url_for(".list_searches")

    return submit(form, save, onward, "catalog/partner_form.html", provider=provider, held=sorted(held), names=_activities())


@bp.post("/prestataires/<uuid:provider_id>/recherche-de-partenaire/fin")
@guard("partner.list")
def end_search(provider_id: UUID) -> Response:
    """No longer be found by other providers."""
    services.end_search(current_actor(), provider_id)
    flash(_("Recherche retirée. Les échanges en cours continuent."), "success")
    return redirect(url_for(".list_searches"))


def asking_seats(actor: Actor) -> list[Seat]:
    """The places from which the actor may ask for an exchange, its own before those held for a group's sites."""
    seats = [seat for seat in actor.seats if seat.kind in ASKERS and seat.roles & THOSE_WHO_SPEAK]
    return sorted(seats, key=lambda seat: (seat.delegated, seat.name))


def _answer_form(thread: queries.ShownThread) -> AnswerForm:
    today = clock.today()
    proposed = [each for each in thread.proposed_on if each >= today and "accept" in thread.acts]
    acts = [act for act in thread.acts if act != "accept" or proposed]
    return AnswerForm(acts, proposed, data={"act": "accept" if "accept" in acts else "write"})


def _seen(thread: queries.ShownThread) -> dict[str, Any]:
    own = thread.provider.organisation_id if thread.side == "provider" else thread.asker_organisation_id
    return {
        "thread": thread, "messages": queries.list_messages(db.session(), thread.id), "labels": labels,
        "may_answer": bool(thread.acts) and allowed(current_actor(), "contact.answer", own=own),
    }  # fmt: skip


def _thread_page(thread: queries.ShownThread, form: AnswerForm, homeless: list[str]) -> str:
    return render_template("catalog/contact.html", form=form, homeless=homeless, **_seen(thread))


def _activities() -> dict[int, str]:
    return dict(list_schemes(db.session(), language())["hds"].activities)
