"""Where stored files lie and when: on disk before the row commits, gone some time after a row that never did."""
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform.api import identifier
from marketplace.platform.config import Settings
from marketplace.platform.database import db, new_id
from marketplace.platform.files.models import StoredFile
from marketplace.platform.files.rules import Upload

ORPHANED_AFTER = timedelta(hours=1)
"""No transaction lasts that long: a file this old without a row has none to wait for."""
AT_ONCE = 1000


def folder() -> Path:
    """Where the files of every owner lie."""
    settings: Settings = current_app.config["GRAPPE"]
    return settings.files_folder


def path_of(stored: StoredFile) -> Path:
    """Where the bytes of a stored file lie."""
    return folder() / str(stored.owner_id) / str(stored.id)


def keep(session: Session, upload: Upload, *, owner_id: UUID, stored_by: UUID | None) -> StoredFile:
    """Step: put the bytes on disk for good, then the row that goes with the transaction.

    When the transaction is given up the bytes have no row: `sweep_orphans` removes them.
    """
    stored = StoredFile(
        id=new_id(), owner_id=owner_id, name=upload.name, content_type=upload.content_type, size=len(upload.content),
        sha256=upload.sha256, stored_by=stored_by,
    )  # fmt: skip
    _write(path_of(stored), upload.content)
    session.add(stored)
    session.flush()
    return stored


def sweep_orphans(now: datetime) -> int:
    """Use case of the worker: remove files left by transactions that never committed; how many."""
    removed = 0
    for some in _batches(_older_than(now - ORPHANED_AFTER)):
        ids = {identifier(path.name) for path in some} - {None}
        known = set(db.session.scalars(select(StoredFile.id).where(StoredFile.id.in_(ids))))
        for path in some:
            if identifier(path.name) not in known:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _write(path: Path, content: bytes) -> None:
    """Written, synced, renamed: after a crash the file is whole or not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun = path.with_suffix(".part")
    with os.fdopen(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(content)
        writing.flush()
        os.fsync(writing.fileno())
    begun.rename(path)
    for changed in (path.parent, path.parent.parent):
        _sync_folder(changed)


def _sync_folder(changed: Path) -> None:
    """Make the names in a folder survive a crash too."""
    opened = os.open(changed, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _older_than(moment: datetime) -> Iterator[Path]:
    """Every file, finished or begun, last written before the moment."""
    for path in folder().glob("*/*"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
            yield path


def _batches(paths: Iterable[Path]) -> Iterator[list[Path]]:
    waiting: list[Path] = []
    for path in paths:
        waiting.append(path)
        if len(waiting) == AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
