"""One volume, one pool: steps that claim an establishment's category for a grappe or a lot, and release it.

A membership claims from the *signature*, not from the grappe's activation. Domain §4b.9 says "when a membership becomes
active": a member's own status becomes active when it signs, whatever the grappe's. Were it the activation, one
establishment could sign in two forming grappes, count in both quorums, and the second activation would be refused to a
coordinator who did nothing wrong; refusing the signature tells the one person who can choose.
"""
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.categories.models import ServiceCategory
from marketplace.grappes.models import PoolingClaim
from marketplace.platform import clock
from marketplace.platform.errors import Conflict

KINDS = ("membership", "need")


class Holder(NamedTuple):
    """Who holds a claim already: what an establishment's owner needs to know to choose."""

    category_code: str
    kind: str
    subject_id: UUID
    label: str
    category_name: str


def claim(
    session: Session,
    establishment_id: UUID,
    category_codes: Iterable[str],
    kind: str,
    subject_id: UUID,
    label: str,
) -> None:
    """Claim the categories for one subject; claiming again for the same subject changes nothing.

    Conflict `already_pooled_elsewhere` (details: category, kind, subject_id, label) when another subject holds one.
    A concurrent claim is waited for, so exactly one of two wins; codes are taken in order so that two never deadlock.
    """
    for code in sorted(set(category_codes)):
        values = {
            "establishment_id": establishment_id, "category_code": code, "kind": kind,
            "subject_id": subject_id, "subject_label": label, "claimed_at": clock.now(),
        }  # fmt: skip
        insertion = insert(PoolingClaim).values(values).on_conflict_do_nothing().returning(PoolingClaim.category_code)
        while session.scalar(insertion) is None:
            # Somebody holds it; when they let go between the two statements, try again.
            holder = _holder(session, establishment_id, code, kind)
            if holder is not None:
                _check_same_subject(holder, subject_id)
                break


def check_free(
    session: Session, establishment_id: UUID, category_codes: Iterable[str], kind: str, subject_id: UUID | None = None
) -> None:
    """Say early what `claim` would refuse; only `claim` guarantees it."""
    for code in sorted(set(category_codes)):
        holder = _holder(session, establishment_id, code, kind)
        if holder is not None:
            _check_same_subject(holder, subject_id)


def _holder(session: Session, establishment_id: UUID, code: str, kind: str) -> Holder | None:
    row = session.execute(
        select(
            PoolingClaim.category_code,
            PoolingClaim.kind,
            PoolingClaim.subject_id,
            PoolingClaim.subject_label,
            ServiceCategory.name_fr,
        )
        .join(ServiceCategory, ServiceCategory.code == PoolingClaim.category_code)
        .where(
            PoolingClaim.establishment_id == establishment_id,
            PoolingClaim.category_code == code,
            PoolingClaim.kind == kind,
        )
    ).one_or_none()
    return Holder(*row) if row is not None else None


def _check_same_subject(holder: Holder, subject_id: UUID | None) -> None:
    if holder.subject_id == subject_id:
        return
    raise Conflict(
        "already_pooled_elsewhere",
        "Cet établissement réunit déjà ses besoins « {category_name} » ailleurs : {label}. "
        "Quittez d'abord ce regroupement, ou choisissez une autre catégorie.",
        category=holder.category_code,
        category_name=holder.category_name,
        kind=holder.kind,
        subject_id=str(holder.subject_id),
        label=holder.label,
    )


def release(session: Session, kind: str, subject_id: UUID, establishment_id: UUID | None = None) -> None:
    """Give back what a subject holds, for one establishment or for all; releasing nothing is fine."""
    statement = delete(PoolingClaim).where(PoolingClaim.kind == kind, PoolingClaim.subject_id == subject_id)
    if establishment_id is not None:
        statement = statement.where(PoolingClaim.establishment_id == establishment_id)
    session.execute(statement.execution_options(synchronize_session=False))

