"""Reads of the shared vocabulary: categories and domains, in their display order."""
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.categories.models import PriorityDomain, ServiceCategory
from marketplace.platform.errors import NotFound


def list_categories(
    session: Session, codes: Collection[str] | None = None, domain: str | None = None
) -> list[ServiceCategory]:
    """Categories in display order: all, or those with these codes, or those of one domain."""
    statement = select(ServiceCategory).order_by(ServiceCategory.position, ServiceCategory.code)
    if codes is not None:
        statement = statement.where(ServiceCategory.code.in_(codes))
    if domain is not None:
        statement = statement.where(ServiceCategory.domain_code == domain)
    return list(session.scalars(statement))


def find_category(session: Session, code: str) -> ServiceCategory | None:
    """The category with this code, or None."""
    return session.get(ServiceCategory, code)


def get_category(session: Session, code: str) -> ServiceCategory:
    """The category with this code; NotFound when there is none."""
    category = find_category(session, code)
    if category is None:
        raise NotFound("category")
    return category


def list_domains(session: Session) -> list[PriorityDomain]:
    """The plan's priority domains, in display order."""
    return list(session.scalars(select(PriorityDomain).order_by(PriorityDomain.position, PriorityDomain.code)))


def category_names(session: Session, locale: str = "fr") -> dict[str, str]:
    """Code → name in a language, for pages and texts."""
    return {category.code: category.name_in(locale) for category in list_categories(session)}
