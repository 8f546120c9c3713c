"""Reads of exchanges, for the people of either side alone, and of providers that look for a partner, for providers."""
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Double, Select, cast, func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.certifications.rules.coverage import Period, Requirement, coverage
from catalog.contacts.models import ContactMessage, ContactThread, PartnerSearch
from catalog.contacts.rules import Exchange, possible_acts
from catalog.offers.models import Offer
from catalog.providers.models import Provider
from catalog.providers.queries import list_own_providers
from marketplace.accounts.models import Organisation, User
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor


@dataclass(frozen=True)
class ShownThread:
    """An exchange as one side sees it; `side` is the reader's, `acts` what it may do now."""

    row: ContactThread
    provider: Provider
    asker: str
    offer_title: str | None
    side: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def provider_name(self) -> str:
        """Who is asked."""
        return self.provider.name

    @property
    def acts(self) -> tuple[str, ...]:
        """What the reader's side may do now."""
        return possible_acts(exchange_of(self.row), self.side)

    @property
    def is_mine_to_answer(self) -> bool:
        """Whether the other side waits for the reader's."""
        return bool(self.row.waits_for == self.side)


@dataclass(frozen=True)
class ShownMessage:
    """One act of an exchange with the name of who wrote it."""

    row: ContactMessage
    author: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def exchange_of(row: ContactThread) -> Exchange:
    """A thread as the rules read it."""
    return Exchange(
        row.waits_for, tuple(row.proposed_on), row.proposed_by, row.agreed_on, row.declined_at is not None,
        row.closed_at is not None,
    )  # fmt: skip


def _visible(actor: Actor) -> Select[ContactThread, Provider, str, str | None]:
    own = actor.organisation_ids()
    return (
        select(ContactThread, Provider, Organisation.name.label("asker"), Offer.title.label("offer_title"))
        .join(Provider, Provider.id == ContactThread.provider_id)
        .join(Organisation, Organisation.id == ContactThread.asker_organisation_id)
        .outerjoin(Offer, Offer.id == ContactThread.offer_id)
        .where(or_(ContactThread.asker_organisation_id.in_(own), Provider.organisation_id.in_(own)))
    )


def _shown(actor: Actor, row: Any) -> ShownThread:
    side = "provider" if row[1].organisation_id in actor.organisation_ids() else "asker"
    return ShownThread(row[0], row[1], row[2], row[3], side)


def list_threads(
    session: Session, actor: Actor, *, status: str | None = None, limit: int = USUAL_PAGE, cursor: str | None = None
) -> dict[str, Any]:
    """A page of the exchanges of one's own organisations, those touched last first; one statement."""
    newest = cast(-func.extract("epoch", ContactThread.touched_at), Double).label("newest")
    statement = _visible(actor).add_columns(newest)
    if status:
        statement = statement.where(ContactThread.status == status)
    page = paginate(session, statement, [newest, ContactThread.id], limit=limit, cursor=cursor)
    return {"items": [_shown(actor, row) for row in page["items"]], "next": page["next"]}


def get_thread(session: Session, actor: Actor, thread_id: UUID, *, lock: bool = False) -> ShownThread:
    """An exchange of one's own organisation; NotFound for anybody else's. `lock`: FOR UPDATE."""
    row = session.execute(_visible(actor).where(ContactThread.id == thread_id)).one_or_none()
    if row is None:
        raise NotFound("contact")
    if lock:
        session.refresh(row[0], with_for_update=True)
    return _shown(actor, row)


def list_messages(session: Session, thread_id: UUID) -> list[ShownMessage]:
    """Everything that was said, oldest first."""
    rows = session.execute(
        select(ContactMessage, User.full_name)
        .outerjoin(User, User.id == ContactMessage.author_id)
        .where(ContactMessage.thread_id == thread_id)
        .order_by(ContactMessage.id)
    )
    return [ShownMessage(message, name or "") for message, name in rows]


def count_waiting(session: Session, provider_id: UUID, organisation_id: UUID) -> int:
    """Requests of an organisation that wait for this provider's answer."""
    waiting = select(func.count()).where(
        ContactThread.provider_id == provider_id, ContactThread.asker_organisation_id == organisation_id,
        ContactThread.waits_for == "provider",
    )  # fmt: skip
    return session.scalars(waiting).one()


def count_to_answer(session: Session, provider: Provider) -> int:
    """Exchanges that wait for this provider's answer."""
    waiting = select(func.count()).where(ContactThread.provider_id == provider.id, ContactThread.waits_for == "provider")
    return session.scalars(waiting).one()


def find_search(session: Session, provider_id: UUID) -> PartnerSearch | None:
    """The provider's own entry among those that look for a partner."""
    return session.get(PartnerSearch, provider_id)


def seeks_partner(session: Session, provider_id: UUID) -> bool:
    """Whether this provider chose to be found by other providers."""
    return find_search(session, provider_id) is not None


def reads_searches(session: Session, actor: Actor) -> bool:
    """Whether the actor may read who looks for a partner: verified providers alone, and the platform."""
    return actor.is_operator or any(each.verified_at for each in list_own_providers(session, actor))


def list_searches(session: Session, *, limit: int = USUAL_PAGE, cursor: str | None = None) -> dict[str, Any]:
    """A page of (search, provider) of verified providers, the oldest first."""
    statement = (
        select(PartnerSearch, Provider)
        .join(Provider, Provider.id == PartnerSearch.provider_id)
        .where(Provider.verified_at.is_not(None))
    )
    return paginate(session, statement, [PartnerSearch.listed_at, PartnerSearch.provider_id], limit=limit, cursor=cursor)


def hds_held(session: Session, provider_ids: Collection[UUID]) -> Mapping[UUID, frozenset[int]]:
    """By provider, the HDS activities covered today by its own and its subcontractors' certificates together."""
    today, schemes = clock.today(), list_schemes(session)
    this_day = Period(today, today)
    return {
        provider_id: frozenset(
            number
            for number in schemes["hds"].activities
            if coverage(Requirement("hds", frozenset({number})), certificates, this_day, schemes, today).is_covered
        )
        for provider_id, certificates in held_by_provider(session, provider_ids, schemes).items()
    }
