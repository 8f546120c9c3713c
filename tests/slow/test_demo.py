"""`grappe demo` as a person runs it: starts, prints its accounts, stops on Ctrl-C or TERM, and loses nothing."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg
import pytest

from marketplace.platform.embedded import EmbeddedPostgres
from marketplace.platform.embedded.places import PROJECT

pytestmark = pytest.mark.slow

PROGRAM = "from app import main; main()"
ROLES = {"platform", "purchasing_centre", "authority", "clinic_a", "clinic_b", "provider_a", "provider_b"}


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The folder of this file's demo: its first test fills it, the others find it filled."""
    folder = Path(tempfile.mkdtemp(prefix="grappe-demo-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "data"
    EmbeddedPostgres(folder / "data").stop(mode="immediate")
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def environment(data: Path, port: int, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "GRAPPE_DATA": str(data), "PORT": str(port), **more}


def run(environ: Mapping[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *args], cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=180
    )


@contextmanager
def demo_running(environ: Mapping[str, str], *args: str) -> Iterator[subprocess.Popen[str]]:
    """A demo in a terminal of its own, ready to be looked at."""
    command = [sys.executable, "-c", PROGRAM, "demo", *args]
    with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True) as demo:
        try:
            wait_until_ready(f"http://127.0.0.1:{environ['PORT']}/readyz", demo)
            yield demo
        finally:
            if demo.poll() is None:
                demo.terminate()
            demo.wait(60)


def wait_until_ready(url: str, demo: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert demo.poll() is None, demo.stdout.read() if demo.stdout else ""
        try:
            if get(url)[0] == 200:
                return
        except URLError:
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer")


def get(url: str, token: str | None = None) -> tuple[int, bytes]:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


def rows(data: Path) -> int:
    """How many establishments, users and audit events there are."""
    counts = "SELECT (SELECT count(*) FROM establishments) + (SELECT count(*) FROM users)"
    with EmbeddedPostgres(data).in_use() as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(counts).fetchone()
        assert row is not None
        return int(row[0])


def test_the_demo_prepares_itself_and_writes_tokens_that_work(data: Path, port: int) -> None:
    environ = environment(data, port)
    tokens_file = data.parent / "tokens.json"
    prepared = run(environ, "demo", "--no-serve", "--tokens", str(tokens_file))
    assert prepared.returncode == 0, prepared.stderr
    assert not EmbeddedPostgres(data).is_running()
    assert stat.S_IMODE(tokens_file.stat().st_mode) == 0o600
    tokens = json.loads(tokens_file.read_text())
    assert set(tokens) >= ROLES
    before = rows(data)
    with demo_running(environ, "--tokens", str(tokens_file)):
        assert json.loads(tokens_file.read_text()) == tokens
        for token in tokens.values():
            status, body = get(f"http://127.0.0.1:{port}/api/v1/me", token)
            assert (status, "organisations" in json.loads(body)) == (200, True)
    assert rows(data) == before > 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_everything_and_nothing_is_lost(data: Path, port: int, how: signal.Signals) -> None:
    with demo_running(environment(data, port)) as demo:
        os.killpg(demo.pid, how)
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0
    assert re.search(rf"Grappe is ready: http://127\.0\.0\.1:{port} ", output)
    assert "clinic_a" in output
    assert not EmbeddedPostgres(data).is_running()
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_what_the_demo_keeps_is_closed_to_others(data: Path, port: int) -> None:
    run(environment(data, port), "demo", "--no-serve")
    kept = [path for folder in (data, data / "keys") for path in folder.iterdir() if path.is_file()]
    assert {path.name for path in kept} > {"secret-key", "demo-accounts.json"}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept} == dict.fromkeys(
        (path.name for path in kept), 0o600
    )


def test_the_worker_of_the_demo_finds_nothing_to_complain_about(data: Path, port: int) -> None:
    with demo_running(environment(data, port)):
        time.sleep(12)  # the dispatcher runs every ten seconds
    events = [json.loads(line) for line in (data / "logs" / "worker.log").read_text().splitlines()]
    assert [event for event in events if event["level"] not in ("info", "debug")] == []


def test_a_taken_port_is_said_with_what_to_do(data: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        refused = run(environment(data, port), "demo")
    assert refused.returncode == 1
    assert f"PORT={port + 1}" in refused.stderr


def test_the_demo_leaves_a_database_alone_that_is_not_its_own(
    data: Path, port: int, fresh_database: str, server: EmbeddedPostgres
) -> None:
    full = run(environment(data, port, DATABASE_URL=fresh_database), "demo", "--no-serve", "--yes")
    assert (full.returncode, "is not empty" in full.stderr) == (2, True)
    empty = run(environment(data, port, DATABASE_URL=server.url), "demo", "--no-serve")
    assert (empty.returncode, "--yes" in empty.stderr) == (2, True)
