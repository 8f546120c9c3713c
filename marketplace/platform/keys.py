"""Secrets made by the product itself and kept in a folder: random, readable by their owner only, made once."""

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def new_secret() -> str:
    """A secret of 384 random bits."""
    return secrets.token_urlsafe(48)


def kept_secret(folder: Path, name: str, make: Callable[[], str] = new_secret) -> str:
    """The secret called `name` in `folder`, made by `make` the first time; its file is 0600.

    Two processes asking at once get the same one.
    """
    path = folder / name
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = _write_beside(path, make())
        with suppress(FileExistsError):
            path.hardlink_to(unfinished)
        unfinished.unlink()
    return path.read_text(encoding="utf-8")


def write_secretly(path: Path, text: str) -> None:
    """Write `text` into `path` with mode 0600, whole or not at all."""
    _write_beside(path, text).replace(path)


def _write_beside(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
