"""Imports only go down: the contracts of pyproject.toml, checked by import-linter."""
import subprocess
import sys
from pathlib import Path

from tests.architecture.codebase import ROOT, product


def test_every_import_goes_down():
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_nobody_imports_the_application():
    """app.py stands above every package; import-linter reads packages only."""
    assert not [module.path for module in product() for name in module.imported() if name.split(".")[0] == "app"]
