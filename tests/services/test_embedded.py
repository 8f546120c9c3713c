"""The embedded PostgreSQL: starts anywhere, as anybody, survives a crash and leaves every folder's mode alone."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from marketplace.platform.embedded import EmbeddedPostgres, EmbeddedPostgresError, places, temporary
from marketplace.platform.embedded.account import server_account
from marketplace.platform.embedded.programs import copy_below

AS_ROOT = os.geteuid() == 0
ROOT_ONLY = pytest.mark.skipif(not AS_ROOT, reason="only root has to run the server as somebody else")
START_ONE = "import sys; from marketplace.platform.embedded import EmbeddedPostgres as E; print(E(sys.argv[1]).start())"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may pass through (pytest's own are closed to `nobody`)."""
    folder = Path(tempfile.mkdtemp(prefix="grappe-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server not started yet; stopped at the end."""
    server = EmbeddedPostgres(open_folder / "data")
    yield server
    server.stop(mode="immediate")


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    """A server that runs, for tests that only look."""
    folder = Path(tempfile.mkdtemp(prefix="grappe-test-", dir="/tmp"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "data")
    server.start()
    yield server
    server.stop(mode="immediate")
    shutil.rmtree(folder)


def ask(server: EmbeddedPostgres, query: str) -> str:
    """The first value of a query, as the product's own role."""
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        answer = connection.execute(query.encode())
        row = answer.fetchone() if answer.description else None
    return str(row[0]) if row else ""


def kill_without_mercy(server: EmbeddedPostgres) -> None:
    pid_file = server.log_path.parent.parent / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split("\n")[0]), signal.SIGKILL)


@contextmanager
def other_process_id(server: EmbeddedPostgres) -> Iterator[None]:
    """Use the server, and leave it as a forked child would: with another process number."""
    with pytest.MonkeyPatch.context() as patch, server.in_use():
        patch.setattr(os, "getpid", lambda: -1)
        yield


def folders_above(path: Path) -> dict[Path, tuple[int, int, int]]:
    return {
        folder: (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        for folder in [path, *path.parents]
        for found in [folder.stat()]
    }


def test_a_second_start_finds_the_server_running(running: EmbeddedPostgres) -> None:
    url = running.start()
    again = EmbeddedPostgres(running.data_folder)
    assert again.start() == url
    assert (running.started_here, again.started_here) == (True, False)


def test_a_stopped_server_starts_again_with_its_rows(server: EmbeddedPostgres) -> None:
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 'là'::text AS word")
    server.stop()
    assert not server.is_running()
    server.start()
    assert ask(server, "SELECT word FROM kept") == "là"


def test_the_database_is_utf8_with_checksums_and_its_owner_is_no_superuser(running: EmbeddedPostgres) -> None:
    assert ask(running, "SHOW server_encoding") == "UTF8"
    assert ask(running, "SHOW data_checksums") == "on"
    assert ask(running, "SELECT lower('ÉTABLISSEMENT')") == "établissement"
    assert ask(running, "SELECT current_user || rolsuper FROM pg_roles WHERE rolname = current_user") == "grappefalse"


def test_the_server_listens_on_no_network_address(running: EmbeddedPostgres) -> None:
    assert ask(running, "SHOW listen_addresses") == ""


def test_a_killed_server_recovers_what_was_committed(server: EmbeddedPostgres) -> None:
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    kill_without_mercy(server)
    server.start()
    assert server.started_here
    assert ask(server, "SELECT number FROM kept") == "7"


def test_a_pid_file_that_names_a_stranger_does_not_prevent_the_start(server: EmbeddedPostgres) -> None:
    server.start()
    pid_file = server.log_path.parent.parent / "data" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    server.stop()
    account = server_account(None)
    stranger = subprocess.Popen(["sleep", "60"], **({} if account.is_ours else {"user": account.uid}))
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        account.own(pid_file)
        server.start()
        assert ask(server, "SELECT 1") == "1"
    finally:
        stranger.kill()
        stranger.wait()


def test_two_first_starts_at_once_share_one_server(open_folder: Path) -> None:
    data = open_folder / "data"
    starts = [subprocess.Popen([sys.executable, "-c", START_ONE, data], stdout=subprocess.PIPE) for _ in range(2)]
    urls = [start.communicate(timeout=60)[0] for start in starts]
    EmbeddedPostgres(data).stop(mode="immediate")
    assert [start.returncode for start in starts] == [0, 0]
    assert urls[0] == urls[1] != b""


def test_whoever_leaves_last_stops_the_server(server: EmbeddedPostgres) -> None:
    other = EmbeddedPostgres(server.data_folder)
    with server.in_use() as url:
        with other.in_use() as same:
            assert same == url
        assert server.is_running()
    assert not server.is_running()


def test_a_forked_child_that_leaves_stops_nothing(server: EmbeddedPostgres) -> None:
    with server.in_use():
        with other_process_id(server):
            pass
        assert server.is_running()


def test_no_folder_that_was_there_changes_mode_or_owner(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    (closed / "data").mkdir(mode=0o750)
    before = folders_above(closed / "data") | folders_above(Path(sys.executable).parent) | folders_above(places.PROJECT)
    server = EmbeddedPostgres(closed / "data")
    server.start()
    after = {folder: folders_above(folder)[folder] for folder in before}
    outside = places.find_place(server.data_folder)
    server.stop(mode="immediate")
    assert outside is not None
    shutil.rmtree(outside.folder)
    assert after == before


@ROOT_ONLY
def test_root_under_a_closed_folder_puts_the_server_elsewhere_and_remembers_where(open_folder: Path) -> None:
    open_folder.chmod(0o700)
    server = EmbeddedPostgres(open_folder / "data")
    url = server.start()
    server.stop()
    assert EmbeddedPostgres(server.data_folder).start() == url
    place = places.find_place(server.data_folder)
    server.stop(mode="immediate")
    assert place is not None
    assert open_folder not in place.folder.parents
    shutil.rmtree(place.folder)


@ROOT_ONLY
def test_root_runs_the_server_as_an_unprivileged_account(running: EmbeddedPostgres) -> None:
    place = places.find_place(running.data_folder)
    assert place is not None
    assert (place.account.name, place.cluster.stat().st_uid) == ("nobody", place.account.uid)
    assert stat.S_IMODE(place.cluster.stat().st_mode) == 0o700


@ROOT_ONLY
def test_a_copy_of_the_programs_runs_where_the_wheel_cannot_be_reached(open_folder: Path) -> None:
    previous = os.umask(0o077)
    try:
        binaries = copy_below(open_folder)
    finally:
        os.umask(previous)
    account = server_account(None)
    for program in ("initdb", "postgres", "pg_ctl", "psql", "pg_dump"):
        done = account.run(binaries / program, "--version")
        assert "PostgreSQL" in done.stdout, done.stderr
    assert copy_below(open_folder) == binaries


@ROOT_ONLY
def test_the_account_of_the_server_is_not_let_into_the_database(running: EmbeddedPostgres) -> None:
    place = places.find_place(running.data_folder)
    assert place is not None
    psql = copy_below(place.folder) / "psql"
    refused = place.account.run(psql, "-h", place.socket_folder, "-U", "grappe", "grappe", "-c", "SELECT 1")
    assert refused.returncode != 0
    assert 'Peer authentication failed for user "grappe"' in refused.stderr


def test_a_path_too_long_for_a_socket_is_no_obstacle(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / ("long-" * 20) / "data")
    try:
        server.start()
        assert ask(server, "SELECT 1") == "1"
    finally:
        socket_folder = server.log_path.parent
        server.stop(mode="immediate")
    shutil.rmtree(socket_folder)


def test_a_cluster_of_another_release_is_refused_with_what_to_do(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    place = places.find_place(server.data_folder)
    assert place is not None
    (place.cluster / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedPostgresError, match=r"written by PostgreSQL 14 .* pg_dump"):
        server.start()


def test_a_temporary_server_forgets_everything() -> None:
    with temporary() as server:
        assert ask(server, "SHOW fsync") == "off"
        assert ask(server, "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user") == "True"
        folder = server.data_folder
    assert not folder.exists()
