"""A provider's home: lots it can answer, lots it misses by one thing, the demand by region, its certificates' ends."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from catalog.certifications.events import LotsRelyingOn
from catalog.certifications.queries import ShownCertificate, list_certificates, list_schemes
from catalog.certifications.rules.states import Scheme
from catalog.contacts.queries import count_to_answer
from catalog.providers.models import Provider
from marketplace.platform import clock, events
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.dashboard import competition_todos, fee_todos, order_todos
from tenders.dashboard.queries import vendor
from tenders.dashboard.queries.answers import Answer, list_answers
from tenders.dashboard.rules import Todo
from tenders.dashboard.timeline import Timeline, timeline
from tenders.dashboard.todos import to_items

RENEW_AHEAD = timedelta(days=180)


@dataclass(frozen=True)
class ProviderHome:
    """Everything on the page, in its order."""

    provider: Provider | None
    todos: list[dict[str, str | None]]
    answerable: list[Answer]
    nearly: list[Answer]
    demand: list[vendor.DemandRow]
    certificates: list[ShownCertificate]
    scheme_names: Mapping[str, str]
    timeline: Timeline | None = None


def build(session: Session, actor: Actor, _asked: Mapping[str, str]) -> ProviderHome:
    """Gather the page in a number of statements that does not grow with lots, offers or certificates."""
    provider = vendor.find_own_provider(session, actor)
    if provider is None:
        return ProviderHome(None, [], [], [], vendor.list_demand(session), [], {})
    schemes = list_schemes(session, language())
    certificates = list_certificates(session, actor, provider, schemes)
    answers = list_answers(session, actor, schemes)
    nearly = sorted((answer for answer in answers if len(answer.failed) == 1), key=lambda answer: not answer.has_offer)
    offered = vendor.list_offered_categories(session, provider)
    names = {code: scheme.name for code, scheme in schemes.items()}
    todos = [
        *competition_todos.of_holder(session, actor), *order_todos.of_holder(session, actor),
        *fee_todos.of_payer(session, actor, kind="provider"), *_of_contacts(count_to_answer(session, provider)),
        *_of_profile(provider, offered), *_of_certificates(certificates, names), *_of_answers(nearly),
    ]  # fmt: skip
    return ProviderHome(
        provider=provider,
        todos=to_items(todos),
        answerable=[answer for answer in answers if not answer.failed],
        nearly=nearly,
        demand=vendor.list_demand(session),
        certificates=certificates,
        scheme_names=names,
        timeline=_timeline(session, provider, certificates, schemes),
    )


def _timeline(
    session: Session, provider: Provider, certificates: Sequence[ShownCertificate], schemes: Mapping[str, Scheme]
) -> Timeline | None:
    """Own certificates against open lots and contracts that rely on them: one question, answered by whoever knows."""
    own = [certificate.held for certificate in certificates if certificate.held.holder == provider.id]
    behind = {
        code: (code, *(heir.code for heir in schemes.values() if heir.prerequisite == code))
        for code in {certificate.scheme for certificate in own}
    }
    asked = tuple(sorted({code for codes in behind.values() for code in codes}))
    found = events.ask(session, LotsRelyingOn(provider.id, asked)) if asked else []
    relying = {code: [one for one in found if set(one.schemes) & set(codes)] for code, codes in behind.items()}
    names = {code: scheme.name for code, scheme in schemes.items()}
    return timeline(own, relying, names, clock.today())


def _of_contacts(waiting: int) -> list[Todo]:
    if not waiting:
        return []
    return [
        Todo(
            Sentence("answer_contacts", N_("Répondre aux demandes d'échange : {count} en attente"), {"count": waiting}),
            Sentence("buyer_waits", N_("L'acheteur voit que vous n'avez pas répondu, et peut se tourner vers un autre.")),
            "contacts_pages.list_exchanges",
            (("status", "asked"),),
        )
    ]


def _of_profile(provider: Provider, offered: set[str]) -> list[Todo]:
    here = ("providers_pages.show_provider", (("provider_id", provider.id),))
    todos = []
    if provider.verified_at is None:
        todos.append(
            Todo(
                Sentence("complete_profile", N_("Compléter votre fiche pour sa vérification")),
                Sentence("unseen", N_("Tant qu'elle n'est pas vérifiée, personne ne vous trouve.")),
                *here,
            )
        )
    if not offered:
        todos.append(
            Todo(
                Sentence("publish_offer", N_("Publier une première fiche catalogue")),
                Sentence("no_match", N_("Sans fiche publiée, vous n'êtes proposé sur aucun lot.")),
                "offers_pages.list_offers",
            )
        )
    return todos


def _of_certificates(certificates: Iterable[ShownCertificate], names: Mapping[str, str]) -> list[Todo]:
    today = clock.today()
    todos = []
    for certificate in certificates:
        if certificate.state != "verified" or certificate.held.ends_on > today + RENEW_AHEAD:
            continue
        values = {"scheme": names[certificate.row.scheme], "day": certificate.held.ends_on}
        todos.append(
            Todo(
                Sentence("renew", N_("Déposer le renouvellement de votre certificat {scheme}"), values),
                Sentence("will_expire", N_("Il expire le {day} ; ensuite, les lots qui l'exigent vous échappent."), values),
                "certifications_pages.list_certificates",
            )
        )
    return todos


def _of_answers(nearly: Iterable[Answer]) -> list[Todo]:
    return [
        Todo(
            Sentence("one_thing", N_("Il vous manque une chose pour « {title} »"), {"title": answer.line.title}),
            answer.failed[0],
            "dashboard_pages.show_lot",
            (("lot_id", answer.line.id),),
            answer.line.closes_at,
        )
        for answer in nearly
        if answer.has_offer
    ]
