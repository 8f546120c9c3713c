"""The embedded server's life: prepared once, started, found running, recovered after a crash, stopped."""
import fcntl
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from marketplace.platform.embedded import places
from marketplace.platform.embedded.account import UNPRIVILEGED, our_account
from marketplace.platform.embedded.programs import programs_for
from marketplace.platform.embedded.trouble import EmbeddedPostgresError

ADMINISTRATOR = "grappe_admin"
OWNER = "grappe"
DATABASE = "grappe"
START_TRIES = 6

# No TCP at all. Logs hold no statement and no value: a refused row may name a person.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
FAST_AND_FORGETFUL: Mapping[str, str] = {
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class EmbeddedPostgres:
    """One PostgreSQL server whose files live below one folder, reached by a Unix socket only.

    Whoever started it (and root) gets in, known by the kernel (`peer`): there is no password to keep or to leak.
    The product connects as `grappe`, who owns the database and is no superuser.
    """

    def __init__(self, data_folder: Path | str, *, settings: Mapping[str, str] | None = None) -> None:
        self.data_folder = Path(data_folder).expanduser().absolute()
        self.started_here = False
        self._settings = {**SETTINGS, **(settings or {})}
        self._lasting = settings is None

    def start(self) -> str:
        """Start the server, or find it running; answers the SQLAlchemy URL of the product's database.

        Two starts at once take turns. EmbeddedPostgresError says why it did not start.
        """
        with self._alone():
            if not self.is_running():
                place = places.make_place(self.data_folder)
                programs = programs_for(place.account, place.folder)
                self._initialise(place, programs)
                self._launch(place, programs)
                self.started_here = True
            self._ensure_database()
        return self.url

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server; nothing happens when it does not run. `mode` is pg_ctl's: smart, fast or immediate."""
        if not self.is_running():
            return
        place = self._place()
        control = programs_for(place.account, place.folder) / "pg_ctl"
        with self._alone():
            done = place.account.run(control, "stop", "-D", place.cluster, "-m", mode, "-t", "60")
            if done.returncode != 0 and self.is_running():
                raise EmbeddedPostgresError(f"PostgreSQL does not stop: {done.stderr.strip() or done.stdout.strip()}")
        self.started_here = False

    @contextmanager
    def in_use(self) -> Iterator[str]:
        """The running server's URL inside the block; whoever leaves last stops the server.

        A forked child that leaves the block (a web server's worker) is no user of its own and stops nothing.
        """
        places.make_data_folder(self.data_folder)
        entered_as = os.getpid()
        with _opened(self.data_folder / "users") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield self.start()
            finally:
                if os.getpid() == entered_as and _is_last(users):
                    self.stop()

    def exists(self) -> bool:
        """Whether this folder holds a server, running or not."""
        return places.find_place(self.data_folder) is not None

    def is_running(self) -> bool:
        """Whether the server answers: asked for real, since a pid file survives a crash."""
        if not self.exists():
            return False
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the product's database, as its owner."""
        return self.url_of(DATABASE)

    def url_of(self, database: str, *, user: str = OWNER) -> str:
        """SQLAlchemy URL of any database of this server."""
        host = str(self._place().socket_folder)
        return URL.create("postgresql+psycopg", user, database=database, query={"host": host}).render_as_string()

    @property
    def administrator_url(self) -> str:
        """SQLAlchemy URL of the maintenance database as superuser: for tests that build databases."""
        return self.url_of("postgres", user=ADMINISTRATOR)

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self._place().socket_folder / "server.log"

    def _place(self) -> places.Place:
        place = places.find_place(self.data_folder)
        if place is None:
            raise EmbeddedPostgresError(f"There is no database in {self.data_folder} yet: start it first.")
        return place

    def _connect(self) -> psycopg.Connection:
        socket = str(self._place().socket_folder)
        return psycopg.connect(host=socket, dbname="postgres", user=ADMINISTRATOR, connect_timeout=10, autocommit=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start or stop at a time on this folder; the lock goes with the process that held it."""
        places.make_data_folder(self.data_folder)
        with _opened(self.data_folder / "lock") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _initialise(self, place: places.Place, programs: Path) -> None:
        """Make the cluster beside its place, then move it there: half a cluster is never taken for one."""
        if place.cluster.exists():
            _check_release(place, programs)
            return
        unfinished = Path(tempfile.mkdtemp(prefix="data-unfinished-", dir=place.folder))
        place.account.own(unfinished)
        done = place.account.run(
            programs / "initdb", "-D", unfinished, "-U", ADMINISTRATOR, "--auth=reject", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums",
            *(() if self._lasting else ("--no-sync",)),
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EmbeddedPostgresError(f"PostgreSQL cannot prepare {place.folder}: {done.stderr.strip()}")
        unfinished.rename(place.cluster)

    def _launch(self, place: places.Place, programs: Path) -> None:
        """Start and wait until it answers; after a crash its orphans may still be leaving, so try again for a while."""
        place.make_socket_folder()
        log = place.socket_folder / "server.log"
        settings = {**self._settings, "unix_socket_directories": str(place.socket_folder), **_write_access_rules(place)}
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        for attempt in range(START_TRIES):
            _forget_stale_pid(place.cluster)
            done = place.account.run(
                programs / "pg_ctl", "start", "-w", "-t", "60", "-D", place.cluster, "-l", log, "-o", options
            )
            if done.returncode == 0 or self.is_running():
                return
            time.sleep(0.25 * (attempt + 1))
        raise EmbeddedPostgresError(f"PostgreSQL does not start; its last words, from {log}:\n{_last_lines(log)}")

    def _ensure_database(self) -> None:
        """The owner and the database, where they are not there yet."""
        with self._connect() as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [OWNER]).rowcount:
                rights = sql.SQL("" if self._lasting else "CREATEDB")
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN {}").format(sql.Identifier(OWNER), rights))
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )


@contextmanager
def temporary() -> Iterator[EmbeddedPostgres]:
    """A server for a test run: started, fast (nothing is synced to disk), 200 connections, gone at the end.

    Here `grappe` may create databases.
    """
    folder = places.folder_for_a_while()
    server = EmbeddedPostgres(folder, settings=FAST_AND_FORGETFUL)
    try:
        server.start()
        yield server
    finally:
        server.stop(mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file to hold a lock on; the lock goes when every process that inherited it has closed it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise EmbeddedPostgresError(
            f"{path.parent} belongs to somebody else: set GRAPPE_DATA to a folder of yours."
        ) from None
    try:
        yield handle
    finally:
        os.close(handle)


def _is_last(users: int) -> bool:
    """Whether nobody else shares the lock; if so it is now ours alone."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_access_rules(place: places.Place) -> dict[str, str]:
    """Only the kernel's word counts: our account and root, on the socket; answers the settings that name the rules."""
    names = sorted({"root", our_account().name} | ({place.account.name} - {UNPRIVILEGED}))
    roles = (ADMINISTRATOR, OWNER)
    rules = {
        "hba": f"local all all peer map={OWNER}\n",
        "ident": "".join(f'{OWNER} "{name}" {role}\n' for name in names for role in roles),
    }
    paths = {f"{rule}_file": place.folder / f"{rule}.conf" for rule in rules}
    for path, text in zip(paths.values(), rules.values(), strict=True):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    return {setting: str(path) for setting, path in paths.items()}


def _check_release(place: places.Place, programs: Path) -> None:
    written_by = (place.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    ours = place.account.run(programs / "postgres", "--version").stdout.split()[-1].split(".")[0]
    if written_by != ours:
        raise EmbeddedPostgresError(
            f"{place.cluster} was written by PostgreSQL {written_by} and this product carries {ours}: "
            "go back to the earlier product and save it with pg_dump, or set GRAPPE_DATA to a new folder."
        )


def _forget_stale_pid(cluster: Path) -> None:
    """Remove the pid file of a crashed server when its number now belongs to another program.

    PostgreSQL sees for itself that a number is free, but not that a stranger has it: it would refuse to start.
    """
    path = cluster / "postmaster.pid"
    try:
        pid = path.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
        program = Path("/proc", pid, "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return
    if program != "postgres":
        path.unlink(missing_ok=True)


def _last_lines(path: Path, count: int = 15) -> str:
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"
