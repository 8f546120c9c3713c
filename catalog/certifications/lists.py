"""Use cases of published lists: the operator sends one, says what its columns hold, looks, then takes it over.

Certificates taken over are verified, marked with the list and its day. Taking the same list over again changes nothing;
what a newer list no longer names is flagged for the operator, never withdrawn by itself.
"""
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from catalog.certifications import list_queries, notices, queries
from catalog.certifications.list_places import lock_providers, write_places
from catalog.certifications.models import Certificate, CertificateList, CertificateListMapping, CertificateScheme
from catalog.certifications.rules import lists
from catalog.providers.events import ProviderChanged
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, rows_changed, transaction
from marketplace.platform.errors import N_, BadInput, NotFound, RuleBroken
from marketplace.platform.events import announce
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor, require
from marketplace.platform.spreadsheets import read_cells

LARGEST_LIST = 4 * 1024 * 1024
KEPT_FOR = timedelta(days=7)
"""A list that nobody took over is forgotten after this."""


def send_list(actor: Actor, *, scheme: str, file_name: str, content: bytes, listed_on: date) -> CertificateList:
    """Keep a list to look at, with the columns as they were the last time, else as its titles tell."""
    require(actor, "certificate_list.import")
    if len(content) > LARGEST_LIST:
        raise RuleBroken("list_too_large", "Ce fichier dépasse {most} Mio : gardez la feuille utile.", most=LARGEST_LIST >> 20)
    rows = read_cells(content, most_rows=lists.MOST_ROWS)
    if len(rows) < 2:
        raise RuleBroken("list_empty", "Ce fichier n'a aucune ligne sous ses titres : vérifiez que c'est le bon.")
    if len(rows) > lists.MOST_ROWS + 1:
        raise RuleBroken("list_too_long", "Une liste a {most} lignes au plus : coupez-la.", most=lists.MOST_ROWS)
    if listed_on > clock.today():
        raise BadInput({"listed_on": [N_("Cette date est à venir : donnez celle de la liste.")]})
    with transaction() as session:
        if session.get(CertificateScheme, scheme) is None:
            raise NotFound("certificate_scheme")
        remembered = session.get(CertificateListMapping, scheme)
        kept = CertificateList(
            id=new_id(), scheme=scheme, file_name=file_name[-120:], sha256=hashlib.sha256(content).hexdigest(),
            listed_on=listed_on, rows=rows, sent_by=actor.user_id,
            mapping=_fitting(remembered, rows[0]) or lists.guess_mapping(rows[0]),
            default_version=remembered.default_version if remembered else None,
        )  # fmt: skip
        session.add(kept)
        session.flush()
        audit.record(
            session, actor, "certificate_list.sent", "certificate_list", kept.id,
            after={"scheme": scheme, "sha256": kept.sha256, "listed_on": listed_on, "rows": len(rows) - 1},
        )  # fmt: skip
    return kept


def map_list(
    actor: Actor, list_id: UUID, *, mapping: Mapping[str, int], default_version: str | None = None
) -> CertificateList:
    """Say which column holds what; remembered for the next list of the scheme."""
    with transaction() as session:
        kept = _lock(session, actor, list_id)
        lists.check_mapping(mapping, len(kept.rows[0]))
        kept.mapping, kept.default_version = dict(mapping), default_version or None
        remembered = session.get(CertificateListMapping, kept.scheme) or CertificateListMapping(scheme=kept.scheme)
        remembered.titles = {name: lists.fold(kept.rows[0][place]) for name, place in mapping.items()}
        remembered.default_version = kept.default_version
        session.add(remembered)
        audit.record(
            session, actor, "certificate_list.mapped", "certificate_list", kept.id, after={"mapping": kept.mapping}
        )
    return kept


def take_over(actor: Actor, list_id: UUID, *, confirmed: Collection[int] = (), skip_bad: bool = False) -> CertificateList:
    """Write what the preview showed: all of it or nothing, or without the bad rows when that is chosen.

    `confirmed`: lines whose provider was found by name alone and is confirmed. Lists of one scheme are taken over one
    after the other; RuleBroken `list_older` when a newer one was.
    """
    with transaction() as session:
        kept = _lock(session, actor, list_id)
        # Two lists of a scheme wait for one another here: each then sees what the other wrote.
        session.get_one(CertificateScheme, kept.scheme, with_for_update=True)
        lists.check_mapping(kept.mapping, len(kept.rows[0]))
        _refuse_older(session, kept)
        preview = list_queries.preview(session, kept, language())
        if preview.bad and not skip_bad:
            raise RuleBroken(
                "list_has_bad_rows",
                "Lignes impossibles à reprendre : {count}. Corrigez le fichier, ou choisissez de les laisser de côté.",
                count=len(preview.bad),
            )
        seen = _write(session, actor, kept, preview, set(confirmed))
        missing = _flag_missing(session, kept, seen)
        kept.taken_over_at, kept.counts = clock.now(), {**preview.counts(set(confirmed)), "missing": missing}
        audit.record(
            session, actor, "certificate_list.taken_over", "certificate_list", kept.id,
            after={"scheme": kept.scheme, "listed_on": kept.listed_on, **kept.counts},
        )  # fmt: skip
    return kept


def keep_despite_list(actor: Actor, certificate_id: UUID, *, reason: str) -> Certificate:
    """The operator looked into a certificate that a newer list no longer names, and keeps it, with a reason."""
    with transaction() as session:
        certificate, provider = queries.get_certificate(session, actor, certificate_id)
        require(actor, "certificate.decide")
        session.refresh(certificate, with_for_update=True)
        if certificate.missing_since is None:
            raise RuleBroken("certificate_not_missing", "Ce certificat n'est plus signalé : rechargez la page.")
        if not reason.strip():
            raise RuleBroken(
                "certificate_reason_missing", "Écrivez la raison : le prestataire la lira et saura quoi corriger.",
                field="reason",
            )  # fmt: skip
        certificate.missing_since = None
        audit.record(
            session, actor, "certificate.kept_despite_list", "certificate", certificate.id,
            organisation_id=provider.organisation_id, after={"reason": reason.strip()},
        )  # fmt: skip
    return certificate


def forget_lists(now: datetime) -> int:
    """Use case of the scheduler: forget lists that nobody took over; how many."""
    with transaction() as session:
        old = delete(CertificateList).where(
            CertificateList.taken_over_at.is_(None), CertificateList.sent_at < now - KEPT_FOR
        )
        return rows_changed(session, old)


def _lock(session: Session, actor: Actor, list_id: UUID) -> CertificateList:
    kept = list_queries.get_list(session, actor, list_id)
    require(actor, "certificate_list.import")
    session.refresh(kept, with_for_update=True)
    if kept.taken_over_at is not None:
        raise RuleBroken("list_taken_over", "Cette liste est déjà reprise : envoyez-en une autre.")
    return kept


def _fitting(remembered: CertificateListMapping | None, titles: Sequence[str]) -> dict[str, int]:
    """The columns as they were called the last time, those that are still there; nothing when the main ones are gone."""
    folded = [lists.fold(title) for title in titles]
    found = {name: folded.index(title) for name, title in (remembered.titles if remembered else {}).items() if title in folded}
    return found if "valid_until" in found else {}


def _refuse_older(session: Session, kept: CertificateList) -> None:
    newest = session.scalar(
        select(func.max(CertificateList.listed_on)).where(
            CertificateList.scheme == kept.scheme, CertificateList.taken_over_at.is_not(None)
        )
    )
    if newest is not None and newest > kept.listed_on:
        raise RuleBroken(
            "list_older", "Une liste plus récente, du {newest}, est déjà reprise : celle-ci la ferait reculer.", newest=newest
        )


def _write(
    session: Session, actor: Actor, kept: CertificateList, preview: list_queries.Preview, confirmed: set[int]
) -> set[UUID]:
    """Add, verify and mark as seen; the ids of all certificates the list names."""
    lock_providers(session, {row.provider.id for row in preview.rows if row.provider and row.counts_with(confirmed)})
    seen = {row.certificate_id for row in preview.rows if row.certificate_id is not None}
    now = clock.now()
    for row in preview.rows:
        if not row.counts_with(confirmed):
            continue
        assert row.provider is not None and row.listed is not None
        certificate = session.get_one(Certificate, row.certificate_id) if row.certificate_id else None
        if certificate is None:
            certificate = _new(kept, row.listed, row.provider.id)
            session.add(certificate)
            session.flush()
        elif row.verifies:
            certificate.verified_at = now
        certificate.list_id, certificate.missing_since = kept.id, None
        if row.adds or row.verifies:
            places = write_places(session, row.provider, certificate, row.listed)
            notices.listed(session, certificate, row.provider, kept.listed_on)
            audit.record(
                session, actor, "certificate.listed", "certificate", certificate.id,
                organisation_id=row.provider.organisation_id, after={"list_id": kept.id, "line": row.line, **places},
            )  # fmt: skip
        seen.add(certificate.id)
    session.flush()
    for provider_id in sorted({row.provider.id for row in preview.rows if row.provider and row.counts_with(confirmed)}):
        announce(session, ProviderChanged(provider_id))
    return seen


def _new(kept: CertificateList, row: lists.ListedRow, provider_id: UUID) -> Certificate:
    return Certificate(
        id=new_id(), provider_id=provider_id, scheme=kept.scheme, version=row.version, number=row.number,
        body=row.body, scope=row.scope, activities=sorted(row.activities), valid_from=row.valid_from,
        valid_until=row.valid_until, verified_at=clock.now(),
    )  # fmt: skip


def _flag_missing(session: Session, kept: CertificateList, seen: Collection[UUID]) -> int:
    """Flag running certificates that an earlier list named and this one does not; how many are new among them."""
    gone = (
        update(Certificate)
        .where(
            Certificate.scheme == kept.scheme, Certificate.list_id.is_not(None), Certificate.id.not_in(seen),
            Certificate.missing_since.is_(None), Certificate.valid_until >= kept.listed_on,
            Certificate.verified_at.is_not(None), Certificate.withdrawn_at.is_(None),
        )
        .values(missing_since=kept.listed_on)
    )  # fmt: skip
    return rows_changed(session, gone)
