"""Use cases of schemes: the operator adds a scheme, a version or an activity, or moves a window, without any code."""
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.models import CertificateActivity, CertificateLevel, CertificateScheme, CertificateVersion
from catalog.certifications.rules import schemes as rules
from catalog.providers.events import CertificateRulesChanged
from marketplace.platform import audit
from marketplace.platform.database import transaction
from marketplace.platform.errors import NotFound
from marketplace.platform.events import announce
from marketplace.platform.permissions import Actor, require


def write_scheme(
    actor: Actor, code: str, *, name_fr: str, name_en: str, maximum_months: int, prerequisite: str | None = None,
    names_sites: bool = False,
) -> CertificateScheme:  # fmt: skip
    """Add a scheme, or change its names, its longest life and the scheme it cannot stand without."""
    with transaction() as session:
        require(actor, "certificate_scheme.write")
        every = _lock(session)
        rules.check_scheme(code, prerequisite, {row.code: row.prerequisite_code for row in every.values()})
        scheme = every.get(code) or CertificateScheme(code=code, position=len(every) + 1)
        before = _facts(scheme) if code in every else None
        scheme.name_fr, scheme.name_en = name_fr.strip(), name_en.strip()
        scheme.maximum_months, scheme.prerequisite_code, scheme.names_sites = maximum_months, prerequisite, names_sites
        session.add(scheme)
        session.flush()
        _record(session, actor, "certificate_scheme.written", code, before, _facts(scheme))
    return scheme


def write_version(
    actor: Actor, code: str, version: str, *, usable_from: date | None = None, void_after: date | None = None,
    hosting_in_eea: bool = False,
) -> CertificateVersion:  # fmt: skip
    """Add a version of a scheme's referential, or move its window; certificates follow it from that moment on."""
    with transaction() as session:
        require(actor, "certificate_scheme.write")
        _require_scheme(session, code)
        rules.check_window(version, usable_from, void_after)
        found = session.get(CertificateVersion, (code, version))
        row = found or CertificateVersion(scheme=code, version=version)
        before = _window(row) if found else None
        row.usable_from, row.void_after, row.hosting_in_eea = usable_from, void_after, hosting_in_eea
        session.add(row)
        session.flush()
        _record(session, actor, "certificate_version.written", code, before, _window(row))
    return row


def write_activity(actor: Actor, code: str, number: int, *, name_fr: str, name_en: str) -> CertificateActivity:
    """Add a numbered part that certificates of a scheme may cover, or change its names."""
    with transaction() as session:
        require(actor, "certificate_scheme.write")
        _require_scheme(session, code)
        row = session.get(CertificateActivity, (code, number)) or CertificateActivity(scheme=code, number=number)
        row.name_fr, row.name_en = name_fr.strip(), name_en.strip()
        session.add(row)
        session.flush()
        _record(session, actor, "certificate_activity.written", code, None, {"number": number, "name_fr": row.name_fr})
    return row


def write_level(actor: Actor, code: str, rank: int, *, name_fr: str, name_en: str) -> CertificateLevel:
    """Add a level at which a scheme certifies, or change its names; a higher rank is a higher level."""
    with transaction() as session:
        require(actor, "certificate_scheme.write")
        _require_scheme(session, code)
        row = session.get(CertificateLevel, (code, rank)) or CertificateLevel(scheme=code, rank=rank)
        row.name_fr, row.name_en = name_fr.strip(), name_en.strip()
        session.add(row)
        session.flush()
        _record(session, actor, "certificate_level.written", code, None, {"rank": rank, "name_fr": row.name_fr})
    return row


def _lock(session: Session) -> dict[str, CertificateScheme]:
    """Every scheme FOR UPDATE: prerequisites are checked as a whole."""
    every = select(CertificateScheme).order_by(CertificateScheme.code).with_for_update()
    return {row.code: row for row in session.scalars(every)}


def _require_scheme(session: Session, code: str) -> None:
    if session.get(CertificateScheme, code, with_for_update=True) is None:
        raise NotFound("certificate_scheme")


def _facts(scheme: CertificateScheme) -> dict[str, Any]:
    names = ("name_fr", "name_en", "maximum_months", "prerequisite_code", "names_sites")
    return {name: getattr(scheme, name) for name in names}


def _window(row: CertificateVersion) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("version", "usable_from", "void_after", "hosting_in_eea")}


def _record(
    session: Session, actor: Actor, action: str, code: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> None:
    audit.record(session, actor, action, "certificate_scheme", code, before=before, after=after)
    announce(session, CertificateRulesChanged())
