"""The use case behind `grappe import-establishments`: one file, one transaction, all of it or (unless asked) nothing."""
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from marketplace.establishments import queries
from marketplace.establishments.readers.files import read_establishments
from marketplace.establishments.readers.rows import Note, Reading
from marketplace.establishments.services import profiles, staging
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.permissions import Actor, require


@dataclass
class ImportReport:
    """What became of a file. Lists hold line numbers; `written` is false after a refusal and after a rehearsal."""

    layout: str
    sha256: str
    written: bool = False
    rehearsal: bool = False
    created: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: int = 0
    rejected: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    operators_created: int = 0
    operators_updated: int = 0
    refusals: list[Note] = field(default_factory=list)
    remarks: list[Note] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Rows that are (or, in a rehearsal, would be) in: new, updated and unchanged."""
        return len(self.created) + len(self.updated) + self.unchanged


class _NothingKept(Exception):
    """Ends a dry run or a refused import: the transaction undoes everything, the report survives."""


def import_establishments(
    actor: Actor, data: bytes, *, dry_run: bool = False, skip_bad_rows: bool = False,
    accepting: Mapping[str, str] | None = None,
) -> ImportReport:  # fmt: skip
    """Bring a file's establishments and operators in; RuleBroken when the file as a whole cannot be read.

    With refused rows nothing is written unless `skip_bad_rows`; `dry_run` does everything and keeps nothing.
    `accepting`: FINESS numbers to accept in spite of their key, with the reason of each.
    The number of SQL statements does not depend on the number of rows. One audit event tells the whole import.
    """
    report = ImportReport("", hashlib.sha256(data).hexdigest(), rehearsal=dry_run)
    try:
        with transaction() as session:
            require(actor, "establishment.import")
            for finess, reason in (accepting or {}).items():
                profiles.allow_finess(session, actor, finess, reason)
            reading = read_establishments(data, queries.list_accepted_finess(session))
            _note_reading(report, reading)
            if reading.refusals and not skip_bad_rows:
                raise _NothingKept
            if reading.rows:
                _write(session, actor, reading, report)
            if dry_run:
                raise _NothingKept
    except _NothingKept:
        report.written = False
    return report


def _note_reading(report: ImportReport, reading: Reading) -> None:
    report.layout = reading.layout
    report.rejected = reading.refused_rows
    report.refusals = sorted(reading.refusals, key=lambda note: note.row)
    report.remarks = reading.remarks


def _write(session: Session, actor: Actor, reading: Reading, report: ImportReport) -> None:
    staging.stage(session, reading.rows, queries.list_bands(session))
    changes = staging.merge(session, reading.rows, states_closures=reading.states_closures, now=clock.now())
    report.created, report.updated = changes.created, changes.updated
    report.unchanged = len(reading.rows) - len(changes.created) - len(changes.updated)
    report.moved = [moved.row for moved in changes.moved]
    report.operators_created, report.operators_updated = changes.operators_created, changes.operators_updated
    report.written = True
    audit.record(
        session, actor, "establishment.import", "establishment_import", report.sha256,
        after={
            "layout": report.layout, "created": len(report.created), "updated": len(report.updated),
            "unchanged": report.unchanged, "rejected": len(report.rejected),
            "operators_created": report.operators_created, "operators_updated": report.operators_updated,
            "moved": [
                {"establishment": str(moved.establishment_id), "from": str(moved.organisation_before),
                 "to": str(moved.organisation_after)}
                for moved in changes.moved
            ],
        },
    )  # fmt: skip
