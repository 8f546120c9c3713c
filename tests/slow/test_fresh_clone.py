"""The set-up promise: from a fresh clone in another folder one command prepares everything, and the next time is faster."""
import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from marketplace.platform.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone():
    """A clone of what is committed here, in a folder that an unprivileged account may enter."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout: there is nothing to clone")
    folder = Path(tempfile.mkdtemp(prefix="grappe-clone-"))
    folder.chmod(0o755)
    copy = folder / "grappe"
    subprocess.run(["git", "clone", "--quiet", "--local", str(ROOT), str(copy)], check=True)
    yield copy
    EmbeddedPostgres(copy / ".grappe").stop()
    shutil.rmtree(folder, ignore_errors=True)


def prepare(copy, tokens):
    """`make demo`, without serving: seconds it took and what it printed."""
    kept = ("HOME", "PATH", "LANG", "TMPDIR", "PIP_")
    environ = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    begin = time.monotonic()
    done = subprocess.run(
        ["make", "demo", f"ARGS=--no-serve --tokens {tokens}"],
        cwd=copy, env=environ, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - begin, done.stdout


def modes_above(folder):
    return {str(parent): stat.S_IMODE(parent.stat().st_mode) for parent in folder.parents}


def test_one_command_from_a_fresh_clone_and_faster_again(clone, tmp_path):
    before = modes_above(clone)
    first, printed = prepare(clone, tmp_path / "tokens.json")
    tokens = json.loads((tmp_path / "tokens.json").read_text())
    again, _ = prepare(clone, tmp_path / "again.json")
    assert "clinique-a@demo.test" in printed
    assert json.loads((tmp_path / "again.json").read_text()) == tokens, "the second start lost the accounts"
    assert again < first / 2
    assert modes_above(clone) == before, "a folder that was there changed its mode"
