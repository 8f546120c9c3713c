"""Reads of the directory: everybody signed in sees public facts; staff and IT estate are for one's own and the operator."""
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.establishments import rules
from marketplace.establishments.models import AcceptedFiness, ActivityBand, Establishment
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor, allowed


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to. `q`: words found in the name, the town or the FINESS, without case or accents.

    `mine`: sites of the organisations the actor may act for. Closed sites show only when asked for, or by FINESS.
    """

    q: str | None = None
    finess: str | None = None
    region: str | None = None
    department: str | None = None
    finess_category: str | None = None
    sector: str | None = None
    size_band: str | None = None
    mine: bool = False
    closed: bool = False


def list_establishments(
    session: Session, actor: Actor, filters: Filters, *, limit: int = USUAL_PAGE, cursor: str | None = None
) -> dict[str, Any]:
    """One page of establishments by name: {"items": [Establishment], "next": cursor or None}. One statement."""
    statement = select(Establishment).where(*_conditions(actor, filters))
    return paginate(session, statement, (Establishment.name, Establishment.id), limit=limit, cursor=cursor)


def count_establishments(session: Session, actor: Actor, filters: Filters) -> int:
    """How many establishments the filters leave."""
    return session.execute(
        select(func.count()).select_from(Establishment).where(*_conditions(actor, filters))
    ).scalar_one()


def list_own(session: Session, actor: Actor) -> list[Establishment]:
    """Open establishments of the organisations the actor may act for, by name."""
    conditions = _conditions(actor, Filters(mine=True))
    return list(session.scalars(select(Establishment).where(*conditions).order_by(Establishment.name, Establishment.id)))


def find_establishment(session: Session, finess: str) -> Establishment | None:
    """The establishment with this FINESS number, or None."""
    return session.scalars(select(Establishment).where(Establishment.finess == finess)).one_or_none()


def get_establishment(session: Session, establishment_id: UUID, *, lock: bool = False) -> Establishment:
    """The establishment, locked when asked; NotFound when there is none. The directory is open to whoever is signed in."""
    found = session.get(Establishment, establishment_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("establishment")
    return found


@dataclass(frozen=True)
class Operator:
    """The legal person (EJ) behind a site, with what its open sites add up to.

    `staff` is the sum over the sites that have a figure (domain §3), None when none has; `sites_without_staff` says how
    incomplete it is. `size_band` is the entity's own, the one NIS 2 looks at.
    """

    id: UUID
    name: str
    siren: str | None
    finess_ej: str | None
    legal_status: str | None
    purchasing_regime: str | None
    sites: int
    sites_without_staff: int
    staff: Decimal | None

    @property
    def size_band(self) -> str | None:
        """Band of the whole entity."""
        return rules.size_band(self.staff)


def get_operator(session: Session, organisation_id: UUID) -> Operator:
    """The operator of a site with its totals, in one statement; NotFound when there is none."""
    site = Establishment
    row = session.execute(
        select(
            Organisation.id, Organisation.name, Organisation.siren, Organisation.finess_ej, Organisation.legal_status,
            Organisation.purchasing_regime, func.count(site.id).label("sites"),
            func.count(site.id).filter(site.staff.is_(None)).label("sites_without_staff"),
            func.sum(site.staff).label("staff"),
        )
        .outerjoin(site, and_(site.organisation_id == Organisation.id, _is_open(clock.today())))
        .where(Organisation.id == organisation_id)
        .group_by(Organisation.id)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("organisation")
    return Operator(**row._mapping)


def may_read_estate(actor: Actor, establishment: Establishment) -> bool:
    """Whether staff and IT estate may be shown to the actor."""
    return allowed(actor, "establishment.read_estate", own=establishment.organisation_id)


def may_change(actor: Actor, establishment: Establishment) -> bool:
    """Whether the actor may edit this site's profile and IT estate."""
    return allowed(actor, "establishment.change", own=establishment.organisation_id)


def list_accepted_finess(session: Session) -> frozenset[str]:
    """FINESS numbers accepted in spite of their key."""
    return frozenset(session.scalars(select(AcceptedFiness.finess)))


def list_exceptions(session: Session) -> list[AcceptedFiness]:
    """The same with reason and date, newest first."""
    return list(session.scalars(select(AcceptedFiness).order_by(AcceptedFiness.accepted_at.desc(), AcceptedFiness.finess)))


def list_activity_bands(session: Session) -> list[ActivityBand]:
    """The bands, by FINESS category."""
    return list(session.scalars(select(ActivityBand).order_by(ActivityBand.finess_category)))


def list_bands(session: Session) -> dict[str, rules.Band]:
    """FINESS category → band, as the rules use them."""
    return {
        row.finess_category: rules.Band(row.measure, row.medium_from, row.high_from)
        for row in list_activity_bands(session)
    }


def get_activity_band(session: Session, finess_category: str, *, lock: bool = False) -> ActivityBand:
    """The band of a category, locked when asked; NotFound when there is none."""
    found = session.get(ActivityBand, finess_category, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("activity_band")
    return found


def list_categories(session: Session) -> list[tuple[str, str]]:
    """(FINESS category, label) of the types present in the directory, by label."""
    rows = session.execute(
        select(Establishment.finess_category, func.max(Establishment.category_label))
        .where(Establishment.finess_category.is_not(None))
        .group_by(Establishment.finess_category)
    )
    labelled = [(str(code), str(label or code)) for code, label in rows]
    return sorted(labelled, key=lambda pair: rules.fold(pair[1]))


def _is_open(today: date) -> ColumnElement[bool]:
    """SQL of `rules.is_closed`, negated."""
    return or_(Establishment.closed_on.is_(None), Establishment.closed_on > today)


def _conditions(actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    equal = {
        name: getattr(filters, name)
        for name in ("finess", "region", "department", "finess_category", "sector", "size_band")
        if getattr(filters, name)
    }
    conditions = [getattr(Establishment, name) == value for name, value in equal.items()]
    if filters.mine:
        conditions.append(Establishment.organisation_id.in_(actor.organisation_ids()))
    if not filters.closed and not filters.finess:
        conditions.append(_is_open(clock.today()))
    # A folded word has only letters and digits: nothing in it is special to LIKE.
    conditions += [_has_word(f"%{word}%") for word in rules.fold(filters.q or "").split()]
    return conditions


def _has_word(pattern: str) -> ColumnElement[bool]:
    """The word anywhere in the name or town, or in the FINESS number (whose letters are stored upper case)."""
    return or_(
        Establishment.search_name.like(pattern),
        Establishment.search_town.like(pattern),
        Establishment.finess.like(pattern.upper()),
    )
