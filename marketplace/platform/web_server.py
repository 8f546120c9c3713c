"""How the product is served: gunicorn with threads, on an address of this machine unless told otherwise."""

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

WORKERS = 2
THREADS = 4
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METRICS_FOLDER_IS_OURS = "GRAPPE_METRICS_FOLDER_IS_OURS"
SHARED_MEMORY = Path("/dev/shm")


class PortTakenError(Exception):
    """Another program listens there; the message says what to do."""


class WebServer(BaseApplication):
    """gunicorn configured from here alone: no configuration file, no GUNICORN_CMD_ARGS."""

    def __init__(self, create: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._create = create
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn: our options over its defaults."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called by gunicorn in each worker: no connection is shared between processes."""
        return self._create()


def options(host: str, port: int, workers: int = WORKERS, threads: int = THREADS) -> dict[str, Any]:
    """gunicorn's settings. Requests are logged by the application, with their id; gunicorn logs its own life only."""
    return {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": threads,
        "timeout": 60,
        "graceful_timeout": 20,
        "keepalive": 5,
        "loglevel": "warning",
        "proc_name": "grappe",
        "control_socket_disable": True,
        # Heartbeats on a slow disk stop workers that are well.
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
    }


@contextmanager
def shared_metrics() -> Iterator[None]:
    """A folder in which the processes of one server count together, for /metrics; gone when the server ends.

    prometheus-client looks for it when it is imported, so this program starts over once with the variable set.
    """
    if METRICS_FOLDER not in os.environ:
        os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="grappe-metrics-")
        os.environ[METRICS_FOLDER_IS_OURS] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    master = os.getpid()
    # Until gunicorn takes the signals over, being asked to stop must still tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        if os.environ.get(METRICS_FOLDER_IS_OURS) and os.getpid() == master:
            shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)


def refuse_taken_port(host: str, port: int) -> None:
    """PortTakenError when nothing could listen on `host`:`port`, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise PortTakenError(
                f"Nothing can listen on {host}:{port} ({error.strerror}): another program, perhaps another Grappe, "
                f"is there already. Stop it, or choose another port: PORT={port + 1}."
            ) from None
