"""Reads of schemes and certificates, and the state of a certificate in SQL, from the rule's own definition."""
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Date, and_, case, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, Session

from catalog.certifications.events import LotsRelyingOn
from catalog.certifications.models import (
    Certificate,
    CertificateActivity,
    CertificateEvidence,
    CertificateLevel,
    CertificateList,
    CertificateScheme,
    CertificateSite,
    CertificateVersion,
)
from catalog.certifications.rules.states import (
    DEFINITION,
    HAS_HAPPENED,
    OTHERWISE,
    HeldCertificate,
    Scheme,
    Version,
    state_on,
)
from catalog.providers.models import HostingSite, Provider, Subcontractor
from catalog.providers.queries import visible_providers
from marketplace.platform import clock, events
from marketplace.platform.errors import NotFound
from marketplace.platform.files import StoredFile
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor


@dataclass(frozen=True)
class ShownCertificate:
    """A certificate with its state on a day; the reason of the last decision and the evidence for those concerned."""

    row: Certificate
    held: HeldCertificate
    state: str
    reason: str | None = None
    evidence: tuple[StoredFile, ...] = ()
    subcontractor: str | None = None
    sites: tuple[HostingSite, ...] = ()
    listed_on: date | None = None
    """Day of the last published list that names it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def list_schemes(session: Session, locale: str = "fr") -> dict[str, Scheme]:
    """Every scheme by code, in display order, with names in a language. One statement, whatever their number."""
    names = "name_en" if locale == "en" else "name_fr"
    version, activity, level = CertificateVersion, CertificateActivity, CertificateLevel
    statement = select(
        CertificateScheme,
        _parts(version, version.version, version.version, version.usable_from, version.void_after, version.hosting_in_eea),
        _parts(activity, activity.number, activity.number, getattr(activity, names)),
        _parts(level, level.rank, level.rank, getattr(level, names)),
    ).order_by(CertificateScheme.position, CertificateScheme.code)
    return {
        s.code: Scheme(
            s.code, getattr(s, names), s.maximum_months,
            {name: Version(name, _written_day(first), _written_day(last), in_eea) for name, first, last, in_eea in versions},
            dict(activities), s.prerequisite_code, s.names_sites, dict(levels),
        )
        for s, versions, activities, levels in session.execute(statement)
    }  # fmt: skip


def _parts(part: Any, order: Any, *columns: Any) -> Any:
    """What belongs to a scheme, gathered into its row: an array of arrays of these columns, in order."""
    gathered = func.json_agg(aggregate_order_by(func.json_build_array(*columns), order))
    of_scheme = select(gathered).where(part.scheme == CertificateScheme.code).scalar_subquery()
    return func.coalesce(of_scheme, literal_column("'[]'::json", JSON), type_=JSON)


def _written_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def count_by_version(session: Session) -> dict[tuple[str, str | None], int]:
    """How many verified, running certificates follow each (scheme, version): what moving a window touches."""
    running = (
        select(Certificate.scheme, Certificate.version, func.count())
        .where(
            Certificate.verified_at.is_not(None), Certificate.withdrawn_at.is_(None),
            Certificate.valid_until >= clock.today(),
        )
        .group_by(Certificate.scheme, Certificate.version)
    )  # fmt: skip
    return {(scheme, version): count for scheme, version, count in session.execute(running)}


def scheme_name(locale: str) -> InstrumentedAttribute[str]:
    """The column of a scheme's name in a language, for a SELECT."""
    return CertificateScheme.name_en if locale == "en" else CertificateScheme.name_fr


def held(certificate: Certificate, schemes: Mapping[str, Scheme]) -> HeldCertificate:
    """A certificate as the rules read it: its moments become Paris days."""
    return HeldCertificate(
        holder=certificate.subcontractor_id or certificate.provider_id,
        scheme=certificate.scheme,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
        version=schemes[certificate.scheme].versions.get(certificate.version or ""),
        activities=frozenset(certificate.activities),
        number=certificate.number,
        verified_on=_day(certificate.verified_at),
        suspended_on=_day(certificate.suspended_at),
        withdrawn_on=_day(certificate.withdrawn_at),
        rejected_on=_day(certificate.rejected_at),
        level=certificate.level,
    )


def held_by_provider(
    session: Session, provider_ids: Collection[UUID], schemes: Mapping[str, Scheme]
) -> dict[UUID, list[HeldCertificate]]:
    """The certificates of these providers and of their running subcontractors, as the rules read them, by provider.

    One statement. A certificate's holder is the provider's id, or the subcontractor's.
    """
    found: dict[UUID, list[HeldCertificate]] = {}
    rows = (
        select(Certificate)
        .outerjoin(Subcontractor, Subcontractor.id == Certificate.subcontractor_id)
        .where(Certificate.provider_id.in_(provider_ids), Subcontractor.ended_at.is_(None))
        .order_by(Certificate.id)
    )
    for certificate in session.scalars(rows):
        found.setdefault(certificate.provider_id, []).append(held(certificate, schemes))
    return found


def shown(
    certificates: Iterable[Certificate], schemes: Mapping[str, Scheme], day: date, *, with_reasons: bool = False
) -> list[ShownCertificate]:
    """Certificates with their states on a Paris day."""
    read = ((certificate, held(certificate, schemes)) for certificate in certificates)
    return [ShownCertificate(row, f, state_on(f, day), row.reason if with_reasons else None) for row, f in read]


def with_holders(session: Session, certificates: Sequence[ShownCertificate]) -> list[ShownCertificate]:
    """The same with the subcontractor that holds each, when it is one, the sites it names, and the published list that
    names it; three statements at most.
    """
    holders = {each.row.subcontractor_id for each in certificates} - {None}
    named = select(Subcontractor.id, Subcontractor.name).where(Subcontractor.id.in_(holders))
    names = dict(session.execute(named).all()) if holders else {}
    list_ids = {each.row.list_id for each in certificates} - {None}
    named_by = select(CertificateList.id, CertificateList.listed_on).where(CertificateList.id.in_(list_ids))
    listed = dict(session.execute(named_by).all()) if list_ids else {}
    sites: dict[UUID, list[HostingSite]] = {}
    rows = session.execute(
        select(CertificateSite.certificate_id, HostingSite)
        .join(HostingSite, HostingSite.id == CertificateSite.site_id)
        .where(CertificateSite.certificate_id.in_([each.row.id for each in certificates]))
        .order_by(HostingSite.name, HostingSite.id)
    )
    for certificate_id, site in rows:
        sites.setdefault(certificate_id, []).append(site)
    return [
        replace(
            each,
            subcontractor=names.get(each.row.subcontractor_id) if each.row.subcontractor_id else None,
            sites=tuple(sites.get(each.row.id, ())),
            listed_on=listed.get(each.row.list_id) if each.row.list_id else None,
        )
        for each in certificates
    ]


def with_evidence(session: Session, certificates: Sequence[ShownCertificate]) -> list[ShownCertificate]:
    """The same with their evidence, for a reader who may see it; one statement."""
    pieces = list_evidence(session, [certificate.row.id for certificate in certificates])
    return [replace(each, evidence=pieces.get(each.row.id, ())) for each in certificates]


def list_evidence(session: Session, certificate_ids: Collection[UUID]) -> dict[UUID, tuple[StoredFile, ...]]:
    """What proves these certificates, oldest first, by certificate."""
    found: dict[UUID, list[StoredFile]] = {}
    rows = session.execute(
        select(CertificateEvidence.certificate_id, StoredFile)
        .join(StoredFile, StoredFile.id == CertificateEvidence.file_id)
        .where(CertificateEvidence.certificate_id.in_(certificate_ids))
        .order_by(StoredFile.id)
    )
    for certificate_id, stored in rows:
        found.setdefault(certificate_id, []).append(stored)
    return {certificate_id: tuple(pieces) for certificate_id, pieces in found.items()}


def may_see_evidence(session: Session, actor: Actor, provider: Provider, schemes: Collection[str]) -> bool:
    """Its own people, the operator, and the centres with an open lot that relies on such certificates of the provider."""
    mine = actor.organisation_ids()
    if actor.is_system or actor.is_operator or provider.organisation_id in mine:
        return True
    if not actor.has_kind("purchasing_centre"):
        return False
    return any(lot.organisation_id in mine for lot in events.ask(session, LotsRelyingOn(provider.id, tuple(schemes))))


def get_evidence(session: Session, actor: Actor, certificate_id: UUID, file_id: UUID) -> StoredFile:
    """A piece of evidence; NotFound when there is none, or when it is not for this reader: nobody learns which."""
    certificate, provider = get_certificate(session, actor, certificate_id)
    pieces = {stored.id: stored for stored in list_evidence(session, [certificate.id]).get(certificate.id, ())}
    if file_id not in pieces or not may_see_evidence(session, actor, provider, relying_schemes(session, certificate.scheme)):
        raise NotFound("evidence")
    return pieces[file_id]


def relying_schemes(session: Session, scheme: str) -> tuple[str, ...]:
    """The scheme and those that are worth nothing without it."""
    heirs = session.scalars(select(CertificateScheme.code).where(CertificateScheme.prerequisite_code == scheme))
    return (scheme, *heirs)


def list_certificates(
    session: Session, actor: Actor, provider: Provider, schemes: Mapping[str, Scheme]
) -> list[ShownCertificate]:
    """Every certificate of a provider with its state today, past ones included, those that last longest first.

    Its own people and the operator also read the reason of the last decision; they and centres that rely on it, the
    evidence.
    """
    rows = session.scalars(
        select(Certificate)
        .outerjoin(Subcontractor, Subcontractor.id == Certificate.subcontractor_id)
        .where(Certificate.provider_id == provider.id, Subcontractor.ended_at.is_(None))
        .order_by(Certificate.valid_until.desc(), Certificate.id)
    )
    concerned = actor.is_operator or provider.organisation_id in actor.organisation_ids()
    listed = with_holders(session, shown(rows, schemes, clock.today(), with_reasons=concerned))
    readable = concerned or may_see_evidence(session, actor, provider, {each.scheme for each in listed})
    return with_evidence(session, listed) if readable else listed


def get_certificate(session: Session, actor: Actor, certificate_id: UUID) -> tuple[Certificate, Provider]:
    """A certificate of a provider the actor may see; NotFound otherwise."""
    statement = visible_providers(actor).join(Certificate, Certificate.provider_id == Provider.id)
    row = session.execute(statement.add_columns(Certificate).where(Certificate.id == certificate_id)).one_or_none()
    if row is None:
        raise NotFound("certificate")
    return row[1], row[0]


def list_to_verify(session: Session, *, limit: int = USUAL_PAGE, cursor: str | None = None) -> dict[str, Any]:
    """A page of (certificate, provider) still declared today, oldest first: the operator's queue."""
    statement = (
        select(Certificate, Provider)
        .join(Provider, Provider.id == Certificate.provider_id)
        .outerjoin(CertificateVersion, JOINS_VERSION)
        .where(state_case(clock.today()) == "declared")
    )
    return paginate(session, statement, [Certificate.declared_at, Certificate.id], limit=limit, cursor=cursor)


JOINS_VERSION: ColumnElement[bool] = and_(
    CertificateVersion.scheme == Certificate.scheme, CertificateVersion.version == Certificate.version
)
"""How `state_case` finds a certificate's version: an outer join, since not every scheme has versions."""


def state_case(day: date) -> ColumnElement[str]:
    """The state on a Paris day over Certificate outer-joined with its CertificateVersion (JOINS_VERSION)."""
    columns: dict[str, ColumnElement[Any]] = {
        "ends_on": func.least(Certificate.valid_until, CertificateVersion.void_after),
        "verified_on": _paris_day(Certificate.verified_at),
        "suspended_on": _paris_day(Certificate.suspended_at),
        "withdrawn_on": _paris_day(Certificate.withdrawn_at),
        "rejected_on": _paris_day(Certificate.rejected_at),
    }
    branches = (
        (columns[fact] <= day if test == HAS_HAPPENED else columns[fact] < day, state)
        for state, fact, test in DEFINITION
    )
    return case(*branches, else_=OTHERWISE)


def is_valid(day: date) -> ColumnElement[bool]:
    """Verified on this day and begun, over the same join: what a filter by certificate looks for."""
    begun = and_(
        Certificate.valid_from <= day,
        or_(CertificateVersion.usable_from.is_(None), CertificateVersion.usable_from <= day),
    )
    return and_(state_case(day) == "verified", begun)


def _paris_day(column: Any) -> ColumnElement[Any]:
    return cast(func.timezone("Europe/Paris", column), Date)


def _day(moment: datetime | None) -> date | None:
    return clock.paris(moment).date() if moment is not None else None
