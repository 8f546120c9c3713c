"""Where the embedded server keeps its files, without changing the mode or owner of any folder that was there."""
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from marketplace.platform.embedded.account import Account, server_account
from marketplace.platform.embedded.trouble import EmbeddedPostgresError

PROJECT = Path(__file__).resolve().parents[3]
POINTER = "server-folder"
# sun_path holds 104 bytes on the BSDs and macOS, 108 on Linux, its closing zero included.
LONGEST_SOCKET_PATH = 103
SOCKET_NAME = ".s.PGSQL.5432"


def default_data_folder() -> Path:
    """GRAPPE_DATA when it is not set: `.grappe` in the project, else the user's own data folder."""
    inside = PROJECT / ".grappe"
    if os.access(inside if inside.exists() else PROJECT, os.W_OK | os.X_OK):
        return inside
    ours = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return ours / "grappe"


def make_folder(path: Path, mode: int) -> None:
    """Make `path` with `mode`, whatever the umask; one that is there already is left exactly as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        return
    path.chmod(mode)


def traversable(account: Account) -> int:
    """The mode of a folder of ours that the server's account only passes through."""
    return 0o700 if account.is_ours else 0o711


@dataclass(frozen=True)
class Place:
    """The folder of one server's files and the account it runs as."""

    folder: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """The folder of the socket and the log: below ours, or in /tmp when that path is too long for a socket."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return inside
        return Path("/tmp") / f"grappe-{hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]}"

    def make_socket_folder(self) -> None:
        """Make the socket's folder, the account's own and closed to others."""
        folder = self.socket_folder
        if not folder.exists():
            make_folder(folder, 0o700)
            self.account.own(folder)
        # In /tmp somebody else may have been there first.
        if folder.is_symlink() or folder.stat().st_uid != self.account.uid:
            raise EmbeddedPostgresError(f"{folder} belongs to somebody else: remove it, or choose another GRAPPE_DATA.")


def find_place(data: Path) -> Place | None:
    """Where the server of `data` was put, or None when there is none yet; it goes on as the owner of its files."""
    pointer = data / POINTER
    folder = Path(pointer.read_text(encoding="utf-8").strip()) if pointer.exists() else data / "postgres"
    cluster = folder / "data"
    return Place(folder, server_account(cluster.stat().st_uid)) if cluster.exists() else None


def make_data_folder(data: Path) -> None:
    """Make the folder of everything: ours alone, or passed through by the server's account when we are root."""
    make_folder(data, traversable(server_account(None)))


def make_place(data: Path) -> Place:
    """The folder for a server's files, found or made: inside `data` when its account can get there, else outside.

    As root under a closed folder (a project in /root), the place outside is remembered in `data`/server-folder.
    """
    found = find_place(data)
    if found is not None:
        return found
    account = server_account(None)
    if account.may_enter(data):
        make_folder(data / "postgres", traversable(account))
        return Place(data / "postgres", account)
    outside = _folder_outside(account)
    (data / POINTER).write_text(f"{outside}\n", encoding="utf-8")
    return Place(outside, account)


def folder_for_a_while() -> Path:
    """A new folder that the server's account can enter, for a server that lasts as long as a test run."""
    account = server_account(None)
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if parent.is_dir() and account.may_enter(parent):
            return _new_folder(parent, account)
    raise EmbeddedPostgresError(f"No folder for temporary files that {account.name} can enter: set TMPDIR.")


def _folder_outside(account: Account) -> Path:
    for parent in (Path("/var/lib"), Path("/var/tmp"), Path("/tmp")):
        if not (parent.is_dir() and os.access(parent, os.W_OK) and account.may_enter(parent)):
            continue
        shelter = parent / "grappe"
        make_folder(shelter, 0o711)
        if shelter.stat().st_uid == os.geteuid() and account.may_enter(shelter):
            return _new_folder(shelter, account)
    raise EmbeddedPostgresError(
        f"PostgreSQL runs as {account.name}, who can enter none of the places tried: "
        "set GRAPPE_DATA to a folder that every user may pass through."
    )


def _new_folder(parent: Path, account: Account) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="grappe-", dir=parent))
    folder.chmod(traversable(account))
    return folder
