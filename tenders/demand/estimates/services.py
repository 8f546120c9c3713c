"""Use cases of the operator on ratios: set one, take one away."""
from decimal import Decimal

from sqlalchemy.orm import Session

from marketplace.categories.queries import get_category
from marketplace.platform import audit
from marketplace.platform.database import transaction
from marketplace.platform.errors import NotFound, StaleVersion
from marketplace.platform.permissions import Actor, require
from tenders.demand.estimates.models import EstimateRatio

Key = tuple[str, str, str]
"""Category, size band, activity level."""


def set_ratio(
    actor: Actor, key: Key, *, basis: str, ratio: Decimal, expected_version: int | None = None
) -> EstimateRatio:
    """Say how many units of a category an estate calls for, for one profile; the same again changes nothing.

    NotFound for an unknown category; StaleVersion when the row moved since it was read.
    """
    with transaction() as session:
        get_category(session, key[0])
        require(actor, "estimate.revise")
        row = session.get(EstimateRatio, key, with_for_update=True)
        _check_version(row, expected_version)
        before = None if row is None else {"basis": row.basis, "ratio": row.ratio}
        if row is None:
            row = EstimateRatio(category_code=key[0], size_band=key[1], activity_level=key[2], version=0)
            session.add(row)
        if before != {"basis": basis, "ratio": ratio}:
            row.basis, row.ratio, row.version = basis, ratio, row.version + 1
            _tell(session, actor, key, before, {"basis": basis, "ratio": ratio})
        return row


def remove_ratio(actor: Actor, key: Key, *, expected_version: int | None = None) -> None:
    """Take a profile's ratio away: the next nearest one speaks again. NotFound; StaleVersion."""
    with transaction() as session:
        require(actor, "estimate.revise")
        row = session.get(EstimateRatio, key, with_for_update=True)
        if row is None:
            raise NotFound("ratio")
        _check_version(row, expected_version)
        session.delete(row)
        _tell(session, actor, key, {"basis": row.basis, "ratio": row.ratio}, None)


def _check_version(row: EstimateRatio | None, expected_version: int | None) -> None:
    current = row.version if row is not None else 0
    if expected_version is not None and expected_version != current:
        raise StaleVersion(current)


def _tell(session: Session, actor: Actor, key: Key, before: dict | None, after: dict | None) -> None:
    audit.record(session, actor, "estimate.revised", "estimate_ratio", ":".join(key), before=before, after=after)
