"""What a measurement needs: an embedded PostgreSQL, migrated databases, and web servers as in production."""
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from marketplace.platform.migrations import migrate

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = "a key for measurements only, long enough to be accepted"
WORKERS, THREADS = 2, 4


def row(name: str, value: float, unit: str, target: str, holds: bool) -> dict[str, Any]:
    """One line of `make bench`: what was measured, the target in words, and whether it holds."""
    return {"name": name, "value": round(value, 4), "unit": unit, "target": target, "holds": holds}


@dataclass
class Environment:
    """The running database server of a bench run; `quick` asks for smaller sizes while developing."""

    server: Any
    shared: Path | None
    quick: bool = False

    def database(self) -> str:
        """The URL of a fresh migrated database."""
        name = f"bench_{uuid4().hex[:10]}"
        with psycopg.connect(self.server.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        url = str(self.server.url_of(name))
        migrate(url)
        return url

    @contextmanager
    def web(self, target: str, **environment: str) -> Iterator[int]:
        """gunicorn, 2 processes × 4 threads, serving `target`; gives the port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", str(WORKERS), "--threads", str(THREADS),
            "-b", f"127.0.0.1:{port}", "--keep-alive", "30", "--log-level", "warning", target,
        ]  # fmt: skip
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(20)

    def product(self, url: str) -> Any:
        """The product itself on this database, as `web` context manager."""
        return self.web(
            "app:create_app()", DATABASE_URL=url, SECRET_KEY=SECRET_KEY, GRAPPE_ENV="test", BASE_URL="http://127.0.0.1"
        )


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the web server did not start")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web server did not answer within 30 s")
