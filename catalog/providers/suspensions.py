"""Use cases of suspensions: the platform keeps a provider out for a time, ends that early, or it ends by itself.

While one runs, rules read it from `queries.standing_of(provider)`: no new match, no bid, no call-off.
"""
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.providers import rules
from catalog.providers.events import ProviderChanged
from catalog.providers.models import Provider
from catalog.providers.services import lock_provider, notify, sentence_of
from marketplace.accounts.models import Organisation
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.events import announce
from marketplace.platform.permissions import SYSTEM, Actor, require


def suspend_provider(actor: Actor, provider_id: UUID, *, until: date, reason: str) -> Provider:
    """Keep a provider out of new matches through a Paris day, with a reason; the suspension then ends by itself."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.decide")
        rules.check_suspension(until, reason, clock.today())
        provider.suspended_until, provider.suspension_reason = until, reason.strip()
        provider.version += 1
        announce(session, ProviderChanged(provider.id))
        notify(session, provider, "provider_suspended", reason=sentence_of(reason), until=until)
        audit.record(
            session, actor, "provider.suspended", "provider", provider.id, organisation_id=provider.organisation_id,
            after={"until": until, "reason": provider.suspension_reason},
        )  # fmt: skip
    return provider


def lift_suspension(actor: Actor, provider_id: UUID) -> Provider:
    """End a suspension before its time and tell the provider; nothing happens when there is none."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.decide")
        if provider.suspended_until is not None:
            notify(session, provider, "provider_suspension_over")
            _end(session, actor, provider, "provider.suspension_lifted")
    return provider


def end_suspensions(now: datetime) -> int:
    """Use case of the scheduler: close the suspensions whose last day is over, tell the provider and the operator; how many.

    The provider counted again from midnight on, by the date alone: this says so. Two workers at once tell once.
    """
    with transaction() as session:
        over = session.scalars(
            select(Provider)
            .where(Provider.suspended_until < clock.paris(now).date())
            .order_by(Provider.id)
            .with_for_update(skip_locked=True)
        ).all()
        operators = _operators(session) if over else ()
        for provider in over:
            values = {"provider": provider.name, "provider_id": str(provider.id)}
            tell_many(
                session,
                [
                    Telling("provider_suspension_over", values, organisation_ids=[provider.organisation_id]),
                    Telling("suspension_ended_by_itself", values, organisation_ids=operators, roles=("operator",)),
                ],
            )
            _end(session, SYSTEM, provider, "provider.suspension_ended")
    return len(over)


def _end(session: Session, actor: Actor, provider: Provider, action: str) -> None:
    before = {"until": provider.suspended_until, "reason": provider.suspension_reason}
    provider.suspended_until = provider.suspension_reason = None
    provider.version += 1
    announce(session, ProviderChanged(provider.id))
    audit.record(
        session, actor, action, "provider", provider.id, organisation_id=provider.organisation_id, before=before
    )


def _operators(session: Session) -> Sequence[UUID]:
    return session.scalars(select(Organisation.id).where(Organisation.kind == "platform")).all()
