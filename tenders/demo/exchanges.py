"""A few exchanges of the demo: one that waits for the provider, one with a day agreed, two providers that seek a partner."""
from datetime import timedelta

from sqlalchemy import select

from catalog.contacts import services
from catalog.providers.models import Provider
from marketplace.platform import clock
from marketplace.platform.database import db
from tenders.demo.people import People
from tenders.demo.pooling import ActorOf

SEEKING = {1: ((1, 2), "Datacentre certifié en France, pour un lot de sauvegarde."), 2: ((5, 6), "Équipe d'astreinte, Ouest.")}
"""Place among the providers → HDS activities sought, and what is said."""


def make_exchanges(known: People, actor_of: ActorOf) -> None:
    """By the use cases themselves, as today's."""
    ids = dict(db.session.execute(select(Provider.organisation_id, Provider.id)).all())
    today = clock.today()
    first, second = known.heads[0], known.heads[1]
    asked = known.providers[0]
    days = [today + timedelta(days=n) for n in (6, 8)]
    services.ask_for_exchange(
        actor_of(first.id), ids[asked.id], organisation_id=first.id, subject="SOC managé pour nos neuf cliniques",
        mode="remote", days=days, message="Pouvez-vous reprendre l'existant sans coupure ? Qui assure l'astreinte la nuit ?",
    )  # fmt: skip
    agreed = services.ask_for_exchange(
        actor_of(second.id), ids[asked.id], organisation_id=second.id, subject="Sauvegarde immuable : visite du site",
        mode="on_site", days=days,
    )  # fmt: skip
    services.answer_exchange(
        actor_of(asked.id), agreed.id, act="accept", accepted_on=days[0], message="À 14 h à notre centre d'essai."
    )
    for place, (activities, note) in SEEKING.items():
        provider = known.providers[place]
        services.list_as_seeking(actor_of(provider.id), ids[provider.id], activities=activities, note=note)
