"""Stored files: on disk before their row, gone when the row never came."""
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from marketplace.platform import clock, files
from marketplace.platform.database import new_id
from marketplace.platform.files.storing import path_of
from tests.rules.test_files import PDF


def put(session: Any, name: str = "preuve.pdf") -> files.StoredFile:
    return files.keep(session, files.read_upload(name, PDF), owner_id=new_id(), stored_by=None)


def test_a_kept_file_lies_under_its_owner_and_is_nobody_else_s_to_read(app: Any, session: Any, files_folder: Path) -> None:
    with app.app_context():
        stored = put(session)
        path = path_of(stored)
    assert path == files_folder / str(stored.owner_id) / str(stored.id)
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [str(stored.id)]


def test_files_without_a_row_are_swept_after_an_hour_and_others_stay(app: Any, session: Any, files_folder: Path) -> None:
    with app.app_context():
        kept = put(session)
        session.commit()
        orphan = files_folder / str(kept.owner_id) / str(new_id())
        begun = orphan.with_suffix(".part")
        fresh = files_folder / str(kept.owner_id) / str(new_id())
        for path in (orphan, begun, fresh):
            path.write_bytes(PDF)
        long_ago = (clock.now() - timedelta(hours=2)).timestamp()
        for path in (orphan, begun, path_of(kept)):
            os.utime(path, (long_ago, long_ago))
        assert files.sweep_orphans(clock.now()) == 2
        assert files.sweep_orphans(clock.now()) == 0
        assert (path_of(kept).exists(), fresh.exists(), orphan.exists(), begun.exists()) == (True, True, False, False)
