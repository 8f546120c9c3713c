"""Use cases on what an establishment declares of itself, and on the reference data the operator keeps."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.establishments import identifiers, queries, rules
from marketplace.establishments.models import ESTATE, AcceptedFiness, ActivityBand, Establishment
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, RuleBroken, StaleVersion
from marketplace.platform.permissions import Actor, require


def change_estate(
    actor: Actor, establishment_id: UUID, declared: Mapping[str, Any], *, expected_version: int | None = None
) -> Establishment:
    """Declare the IT estate, the staff and the OSE flag of one's own establishment; what is left out stays.

    `declared`: counts by name of `ESTATE` and `staff` (None: not known), and `essential_operator`. A declared staff
    figure is left alone by imports; None gives it back to them.
    """
    with transaction() as session:
        establishment = queries.get_establishment(session, establishment_id, lock=True)
        require(actor, "establishment.change", own=establishment.organisation_id)
        if expected_version is not None and expected_version != establishment.version:
            raise StaleVersion(establishment.version)
        rules.check_estate({name: declared[name] for name in (*ESTATE, "staff") if name in declared})
        before = _declared(establishment)
        for name in (*ESTATE, "essential_operator"):
            if name in declared:
                setattr(establishment, name, declared[name])
        if "staff" in declared:
            _declare_staff(establishment, declared["staff"])
        after = _declared(establishment)
        if after != before:
            establishment.version += 1
            establishment.updated_at = clock.now()
            audit.record(
                session, actor, "establishment.change", "establishment", establishment.id,
                organisation_id=establishment.organisation_id, before=before, after=after,
            )  # fmt: skip
        return establishment


def _declared(establishment: Establishment) -> dict[str, Any]:
    return {name: getattr(establishment, name) for name in (*ESTATE, "essential_operator", "staff", "staff_declared_on")}


def _declare_staff(establishment: Establishment, staff: int | None) -> None:
    if staff is None:
        establishment.staff_declared_on = None
        return
    if establishment.staff_declared_on is None or establishment.staff != staff:
        establishment.staff_declared_on = clock.today()
    establishment.staff = Decimal(staff)
    establishment.size_band = rules.size_band(establishment.staff)


def change_activity_band(
    actor: Actor, finess_category: str, *, measure: str, medium_from: int, high_from: int,
    expected_version: int | None = None,
) -> ActivityBand:  # fmt: skip
    """Move the thresholds of a type of establishment; the activity level of every site of that type follows at once."""
    with transaction() as session:
        require(actor, "establishment.reference_data")
        row = queries.get_activity_band(session, finess_category, lock=True)
        if expected_version is not None and expected_version != row.version:
            raise StaleVersion(row.version)
        band = rules.Band(measure, medium_from, high_from)
        rules.check_band(band)
        before = _facts(row)
        row.measure, row.medium_from, row.high_from = measure, medium_from, high_from
        if _facts(row) != before:
            row.version += 1
            moved = _level_again(session, finess_category, band)
            audit.record(
                session, actor, "activity_band.change", "activity_band", finess_category,
                before=before, after={**_facts(row), "establishments_moved": moved},
            )  # fmt: skip
        return row


def _facts(row: ActivityBand) -> dict[str, Any]:
    return {"measure": row.measure, "medium_from": row.medium_from, "high_from": row.high_from}


def _level_again(session: Session, finess_category: str, band: rules.Band) -> int:
    """Step: the level of every site of the type by the band; how many moved."""
    moved = 0
    for site in session.scalars(select(Establishment).where(Establishment.finess_category == finess_category)):
        level = rules.activity_level(getattr(site, band.measure), band)
        if level != site.activity_level:
            site.activity_level = level
            site.version += 1
            moved += 1
    return moved


def accept_finess(actor: Actor, finess: str, reason: str) -> AcceptedFiness:
    """Let a FINESS number in although its key is wrong, with the reason; the shape must be right.

    RuleBroken `finess_malformed`, `finess_needs_no_exception`; accepting twice replaces the reason.
    """
    with transaction() as session:
        require(actor, "establishment.reference_data")
        return allow_finess(session, actor, finess, reason)


def allow_finess(session: Session, actor: Actor, finess: str, reason: str) -> AcceptedFiness:
    """Step: the same inside another use case (an import told to accept some numbers)."""
    finess = finess.strip().upper()
    _check_exception(finess, reason)
    row = session.get(AcceptedFiness, finess) or AcceptedFiness(finess=finess)
    before = {"reason": row.reason} if row.reason else None
    row.reason, row.accepted_at = reason.strip(), clock.now()
    session.add(row)
    session.flush()
    audit.record(session, actor, "finess.accept", "finess", finess, before=before, after={"reason": row.reason})
    return row


def _check_exception(finess: str, reason: str) -> None:
    if not reason.strip():
        raise BadInput({"reason": [N_("Dites pourquoi ce numéro est accepté : le journal gardera votre motif.")]})
    problem = identifiers.finess_problem(finess)
    if problem is None:
        raise RuleBroken(
            "finess_needs_no_exception",
            N_("Le numéro FINESS « {value} » est correct : il n'a pas besoin d'exception, importez-le."),
            value=finess,
        )
    if problem.code != "finess_key_wrong":
        raise RuleBroken(problem.code, problem.template, **problem.values)
