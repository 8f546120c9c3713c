"""Which account of the operating system the embedded server runs as: PostgreSQL refuses to run as root."""
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.platform.embedded.trouble import EmbeddedPostgresError

ROOT = 0
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """An account of the operating system, by name and numbers."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Whether this process already runs as the account."""
        return self.uid == os.geteuid()

    def run(self, *command: str | Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command as the account, from `/`, with none of our environment but PATH; never raises on its exit."""
        switch: dict[str, Any] = {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            umask=0o077,
            timeout=seconds,
            check=False,
            **switch,
        )

    def may_enter(self, folder: Path) -> bool:
        """Whether the account can open `folder`: tried for real, since parents, ACLs and mounts all have a say."""
        return self.run("/bin/sh", "-c", 'cd "$1"', "sh", folder).returncode == 0

    def may_run(self, program: Path) -> bool:
        """Whether the account can execute `program` where it stands."""
        try:
            return self.run(program, "--version").returncode == 0
        except OSError:
            return False

    def own(self, path: Path) -> None:
        """Give a file or folder that we have just made to the account."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)


def our_account() -> Account:
    """The account of this process; EmbeddedPostgresError when it has no entry (initdb looks its name up)."""
    try:
        return _account(pwd.getpwuid(os.geteuid()))
    except KeyError:
        raise EmbeddedPostgresError(
            f"The user number {os.geteuid()} has no name on this machine and PostgreSQL needs one: "
            "run as a user listed in /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None


def server_account(owner_uid: int | None) -> Account:
    """The account the server runs as: ours; started by root, the owner of existing data, else `nobody`."""
    ours = our_account()
    if ours.uid != ROOT:
        return ours
    try:
        return _account(pwd.getpwuid(owner_uid) if owner_uid else pwd.getpwnam(UNPRIVILEGED))
    except KeyError:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and this machine has no account to run it as "
            f"({owner_uid or UNPRIVILEGED}): run as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
