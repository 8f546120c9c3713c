"""Use cases of exchanges: ask a provider, answer, agree on a day; list oneself among those who look for a partner."""
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.certifications.queries import list_schemes
from catalog.contacts import messages, queries, rules
from catalog.contacts.models import ContactMessage, ContactThread, PartnerSearch
from catalog.offers.queries import get_offer
from catalog.providers.queries import get_provider
from catalog.providers.services import lock_provider
from marketplace.accounts.queries import get_organisation
from marketplace.notifications.services import tell
from marketplace.platform import audit, clock, throttle
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import NotFound, Sentence
from marketplace.platform.permissions import Actor, require

messages.register_all()

DAY = timedelta(days=1)
REQUESTS_A_DAY = 20
MESSAGES_A_DAY = 200
"""Of one organisation, whoever writes there."""


def ask_for_exchange(
    actor: Actor, provider_id: UUID, *, organisation_id: UUID, subject: str, mode: str, days: Sequence[date],
    message: str = "", offer_id: UUID | None = None,
) -> ContactThread:  # fmt: skip
    """A buyer (or a vendor that answers a search for a partner) asks a provider for an exchange on one of some days.

    TooMany beyond REQUESTS_A_DAY; RuleBroken `contact_*`; the provider's people are told.
    """
    if organisation_id not in actor.organisation_ids():  # before counting: nobody uses up another's requests
        raise NotFound("organisation")
    throttle.hit(f"contact:ask:{organisation_id}", limit=REQUESTS_A_DAY, window=DAY)
    with transaction() as session:
        # The provider's row first: two requests at once wait for one another, so that both count.
        provider = lock_provider(session, actor, provider_id)
        asker = get_organisation(session, actor, organisation_id)
        require(actor, "contact.ask", own=asker.id)
        rules.check_askable(
            is_own=provider.organisation_id in actor.organisation_ids(), asks_as_provider=asker.kind == "provider",
            seeks_partner=queries.seeks_partner(session, provider.id),
        )  # fmt: skip
        rules.check_waiting(queries.count_waiting(session, provider.id, asker.id))
        _check_offer(session, actor, provider_id, offer_id)
        exchange = rules.opened(days, clock.today())
        thread = ContactThread(
            id=new_id(), provider_id=provider.id, asker_organisation_id=asker.id, offer_id=offer_id,
            subject=subject.strip(), mode=mode, proposed_on=list(exchange.proposed_on),
        )  # fmt: skip
        session.add(thread)
        session.flush()
        _say(session, actor, thread, "asker", "ask", message, exchange.proposed_on)
        tell(
            session, template="contact_ask", organisation_ids=[provider.organisation_id],
            values={"asker": asker.name, **_about(thread, exchange.proposed_on)},
        )  # fmt: skip
        audit.record(
            session, actor, "contact.asked", "contact", thread.id, organisation_id=asker.id,
            after={"provider_id": provider.id, "offer_id": offer_id, "mode": mode},
        )  # fmt: skip
    return thread


def answer_exchange(
    actor: Actor, thread_id: UUID, *, act: str, message: str = "", days: Sequence[date] = (),
    accepted_on: date | None = None,
) -> queries.ShownThread:  # fmt: skip
    """Write, propose other days, accept one, decline or close, as the side one sits on; the other side is told."""
    throttle.hit(f"contact:answer:{actor.own_id}", limit=MESSAGES_A_DAY, window=DAY)
    with transaction() as session:
        shown = queries.get_thread(session, actor, thread_id, lock=True)
        thread, provider = shown.row, shown.provider
        home, away = provider.organisation_id, thread.asker_organisation_id
        mine, theirs = (home, away) if shown.side == "provider" else (away, home)
        require(actor, "contact.answer", own=mine)
        after = rules.answered(
            queries.exchange_of(thread), shown.side, act, clock.today(), message=message, days=days,
            accepted_on=accepted_on,
        )  # fmt: skip
        said = after.proposed_on if act == "propose" else (after.agreed_on,) if act == "accept" and after.agreed_on else ()
        _apply(thread, after)
        _say(session, actor, thread, shown.side, act, message, said)
        writer = provider.name if shown.side == "provider" else shown.asker
        tell(
            session, template=f"contact_{act}", organisation_ids=[theirs],
            values={"writer": writer, **_about(thread, said)},
        )  # fmt: skip
        audit.record(
            session, actor, "contact.answered", "contact", thread.id, organisation_id=mine,
            after={"act": act, "status": after.status},
        )  # fmt: skip
    return shown


def list_as_seeking(actor: Actor, provider_id: UUID, *, activities: Collection[int], note: str = "") -> PartnerSearch:
    """A provider chooses to be found by others for HDS activities it does not cover; again replaces what it said."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "partner.list", own=provider.organisation_id)
        known = list_schemes(session)["hds"].activities
        held = queries.hds_held(session, [provider.id]).get(provider.id, frozenset())
        sought = list(rules.check_search(activities, known, held))
        written = {"activities": sought, "note": note.strip(), "listed_at": clock.now()}
        statement = insert(PartnerSearch).values(provider_id=provider.id, **written)
        session.execute(statement.on_conflict_do_update(index_elements=["provider_id"], set_=written))
        audit.record(
            session, actor, "partner_search.listed", "provider", provider.id, organisation_id=provider.organisation_id,
            after={"activities": sought},
        )  # fmt: skip
        return session.get_one(PartnerSearch, provider.id, populate_existing=True)


def end_search(actor: Actor, provider_id: UUID) -> None:
    """A provider no longer wants to be found by others; exchanges already begun go on."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "partner.list", own=provider.organisation_id)
        session.execute(delete(PartnerSearch).where(PartnerSearch.provider_id == provider.id))
        audit.record(
            session, actor, "partner_search.ended", "provider", provider.id, organisation_id=provider.organisation_id
        )


def _check_offer(session: Session, actor: Actor, provider_id: UUID, offer_id: UUID | None) -> None:
    """An offer that is asked about is this provider's, and one the asker may see."""
    if offer_id is not None and get_offer(session, actor, offer_id).provider_id != get_provider(session, actor, provider_id).id:
        raise NotFound("offer")


def _apply(thread: ContactThread, after: rules.Exchange) -> None:
    now = clock.now()
    thread.waits_for, thread.proposed_by, thread.agreed_on = after.waits_for, after.proposed_by, after.agreed_on
    thread.proposed_on = list(after.proposed_on)
    thread.declined_at = (thread.declined_at or now) if after.is_declined else None
    thread.closed_at = (thread.closed_at or now) if after.is_closed else None
    thread.touched_at = now


def _say(
    session: Session, actor: Actor, thread: ContactThread, side: str, act: str, message: str, days: Sequence[date]
) -> None:
    session.add(
        ContactMessage(
            id=new_id(), thread_id=thread.id, side=side, act=act, author_id=actor.user_id, body=message.strip(),
            days=list(days),
        )
    )
    session.flush()


def _about(thread: ContactThread, days: Sequence[date]) -> dict[str, Any]:
    """What a notification says of an exchange; its days are put into words where it is read."""
    named = {f"day_{number}": day for number, day in enumerate(days)}
    listed = ", ".join(f"{{{name}}}" for name in named)
    return {"subject": thread.subject, "thread_id": str(thread.id), "days": Sentence("contact_days", listed, named)}
