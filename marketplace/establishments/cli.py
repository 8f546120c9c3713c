"""`grappe import-establishments FILE`: the import use case for an administrator at a terminal."""
from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import with_appcontext

from marketplace.establishments.services import imports
from marketplace.platform.i18n import sentence
from marketplace.platform.permissions import SYSTEM

SHOWN_AT_MOST = 200
"""Refusals printed one by one; a file with more has a single cause."""


@click.command("import-establishments")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--skip-bad-rows", is_flag=True, help="Import the good rows although others are refused.")
@click.option(
    "--accept-finess", multiple=True, metavar="FINESS=REASON",
    help="Accept this FINESS number although its key is wrong, now and in later imports; repeat for several.",
)
@with_appcontext
def import_establishments(file: Path, dry_run: bool, skip_bad_rows: bool, accept_finess: tuple[str, ...]) -> None:
    """Import establishments and their operators from a SAE-style, a 2026 FINESS or a legacy structureet CSV.

    UTF-8 or Windows-1252. All or nothing, unless --skip-bad-rows. Exit status 1 when rows were refused and nothing
    was written.
    """
    accepting = {finess: reason for finess, _equals, reason in (pair.partition("=") for pair in accept_finess)}
    report = imports.import_establishments(
        SYSTEM, file.read_bytes(), dry_run=dry_run, skip_bad_rows=skip_bad_rows, accepting=accepting
    )
    for line in lines_of(report):
        click.echo(line)
    if report.refusals and not skip_bad_rows:
        raise SystemExit(1)


def lines_of(report: imports.ImportReport) -> list[str]:
    """The report as lines of text: refusals and remarks with their row and field, then the counts."""
    refusals = [f"Ligne {note.row}, {note.field} : {sentence(note.sentence)}" for note in report.refusals]
    if len(refusals) > SHOWN_AT_MOST:
        refusals[SHOWN_AT_MOST:] = [f"… et {len(refusals) - SHOWN_AT_MOST} autres refus."]
    remarks = [f"Remarque, ligne {note.row}, {note.field} : {sentence(note.sentence)}" for note in report.remarks]
    return [
        *refusals,
        *remarks,
        f"Format : {report.layout}. Empreinte SHA-256 : {report.sha256}.",
        f"accepted: {report.accepted}",
        f"  created: {_counted(report.created)}",
        f"  updated: {_counted(report.updated)}",
        f"  unchanged: {report.unchanged}",
        f"rejected: {_counted(report.rejected)}",
        f"Opérateurs (EJ) créés : {report.operators_created}, mis à jour : {report.operators_updated}.",
        *([f"Sites passés à un autre opérateur : {_counted(report.moved)}"] if report.moved else []),
        _conclusion(report),
    ]


def _conclusion(report: imports.ImportReport) -> str:
    if report.refusals and not report.written and not (report.rehearsal and report.accepted):
        return (
            "Rien n'a été écrit : corrigez les lignes refusées et relancez, "
            "ou acceptez leur absence avec --skip-bad-rows."
        )
    if report.rehearsal:
        return "Essai à blanc : rien n'a été écrit."
    return "Import terminé."


def _counted(rows: Sequence[int]) -> str:
    """A count with its line numbers as runs: « 3 (lignes 2-3, 7) »."""
    return f"{len(rows)} (lignes {runs(rows)})" if rows else "0"


def runs(rows: Sequence[int], *, at_most: int = 20) -> str:
    """Sorted numbers as runs: 2 3 4 9 → « 2-4, 9 »; after `at_most` runs, « … »."""
    found: list[list[int]] = []
    for row in sorted(rows):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    words = [str(first) if first == last else f"{first}-{last}" for first, last in found]
    return ", ".join(words[:at_most]) + (", …" if len(words) > at_most else "")
