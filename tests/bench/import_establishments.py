"""Importing the real file ten times over against the least such work can cost, and the number of statements it takes."""
import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import event
from stdnum import luhn
from stdnum.fr import siren, siret

from app import create_app
from marketplace.establishments.readers import sae
from marketplace.establishments.services.imports import ImportReport, import_establishments
from marketplace.platform.config import load_settings
from marketplace.platform.database import db
from marketplace.platform.permissions import SYSTEM
from tests.bench.environment import SECRET_KEY, Environment, row
from tests.factories.establishments import finess
from tests.factories.finess_files import sae_file

COPIES, ROUNDS, LARGEST_RATIO = 10, 3, 5.0
CORSICA = str.maketrans("AB", "12")


def run(environment: Environment) -> list[dict[str, Any]]:
    """The CPU of an import beside csv + stdnum + staging COPY of the same rows in the same run (this process only)."""
    once, repeated = source(environment), repeat(source(environment), 2 if environment.quick else COPIES)
    floors, imports, statements = [], [], {}
    for _round in range(1 if environment.quick else ROUNDS):
        url = environment.database()
        floors.append(cpu(lambda url=url: floor(url, repeated)))
        with product(url) as count:
            imports.append(cpu(lambda: complete(repeated)))
            statements["repeated"] = count()
    with product(environment.database()) as count:
        complete(once)
        statements["once"] = count()
        complete(once)
        statements["again"] = count()
    rows = repeated.count(b"\n") - 1
    ratio = median(imports) / median(floors)
    return [
        row("import_establishments.rows", rows, "rows", "at least 39,750 in a full run", environment.quick or rows >= 39_750),
        row("import_establishments.floor_cpu", median(floors), "s", "none: csv + stdnum + staging COPY", True),
        row("import_establishments.cpu", median(imports), "s", "none: the import itself", True),
        row("import_establishments.cpu_ratio", ratio, "× floor", f"<= {LARGEST_RATIO:g}", ratio <= LARGEST_RATIO),
        row(
            "import_establishments.statements", statements["repeated"], "statements",
            f"the same for 1/{COPIES} of the rows ({statements['once']})", statements["repeated"] == statements["once"],
        ),
    ]  # fmt: skip


def source(environment: Environment) -> bytes:
    """The real file where it is beside the project, else as many fictitious lines."""
    if environment.shared is not None:
        return (environment.shared / "data" / "etablissements_sante_sae2023.csv").read_bytes()
    return sae_file(*({} for _line in range(3975)))


def repeat(data: bytes, copies: int) -> bytes:
    """The lines so many times, each copy with FINESS numbers of its own, all of them valid."""
    header, *lines = csv.reader(io.StringIO(data.decode()), delimiter=";")
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\n")
    writer.writerow(header)
    operators: dict[tuple[int, str], str] = {}
    for copy in range(copies):
        for number, line in enumerate(lines):
            operator = operators.setdefault((copy, line[1]), finess(len(operators), "92"))
            writer.writerow([finess(copy * len(lines) + number, "91"), operator, *line[2:]])
    return written.getvalue().encode()


def floor(url: str, data: bytes) -> None:
    """The least an import must do: read the lines, check their identifiers, bring them to the server by COPY."""
    places = {name: sae.COLUMNS.index(name) for name in ("finess_et", "finess_ej", "siret", "siren")}
    columns = ", ".join(f"{column} text" for column in sae.COLUMNS)
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE floor ({columns})")
        lines = csv.reader(io.StringIO(data.decode()), delimiter=";")
        next(lines)
        with cursor.copy("COPY floor FROM STDIN") as copy:
            for line in lines:
                luhn.validate(line[places["finess_et"]].translate(CORSICA))
                luhn.validate(line[places["finess_ej"]].translate(CORSICA))
                siren.validate(line[places["siren"]])
                if line[places["siret"]]:
                    siret.validate(line[places["siret"]])
                copy.write_row(line)


def complete(data: bytes) -> ImportReport:
    """The import, which must take every row."""
    report = import_establishments(SYSTEM, data)
    if report.rejected or not report.written:
        raise RuntimeError(f"{len(report.rejected)} rows were refused")
    return report


def cpu(work: Callable[[], Any]) -> float:
    """Seconds of CPU of this process (the database server is another one)."""
    start = time.process_time()
    work()
    return time.process_time() - start


@contextmanager
def product(url: str) -> Iterator[Callable[[], int]]:
    """The product on this database; gives a function that answers the statements sent since it was last asked."""
    settings = load_settings(
        {"GRAPPE_ENV": "test", "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "BASE_URL": "http://127.0.0.1"}
    )
    app = create_app(settings)
    sent: list[str] = []

    def count() -> int:
        number = len(sent)
        sent.clear()
        return number

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *event_facts: sent.append(event_facts[2]))
        yield count
        db.session.remove()
        db.engine.dispose()
