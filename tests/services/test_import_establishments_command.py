"""`grappe import-establishments`: what an administrator reads, and the exit status scripts rely on."""
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.establishments.cli import import_establishments, lines_of, runs
from marketplace.establishments.models import Establishment
from marketplace.establishments.readers.rows import Note
from marketplace.establishments.services.imports import ImportReport
from marketplace.platform.errors import RuleBroken, Sentence
from tests.factories.finess_files import finess_2026_file, sae_file


@pytest.fixture
def run(app: Flask, session: Session, tmp_path: Path):
    def invoke(data: bytes, *options: str) -> Result:
        file = tmp_path / "import.csv"
        file.write_bytes(data)
        return app.test_cli_runner().invoke(import_establishments, [str(file), *options])

    return invoke


def sites(session: Session) -> int:
    return session.execute(select(func.count()).select_from(Establishment)).scalar_one()


def test_it_prints_counts_with_row_numbers(run, session: Session) -> None:
    first = run(sae_file({}, {}))
    assert first.exit_code == 0, first.output
    assert "accepted: 2\n  created: 2 (lignes 2-3)\n  updated: 0\n  unchanged: 0\nrejected: 0\n" in first.output
    second = run(sae_file({}, {"lits_mco": "7"}))
    assert "created: 0\n  updated: 1 (lignes 3)\n  unchanged: 1\nrejected: 0\n" in second.output


def test_a_refused_row_is_told_in_french_with_its_field_and_nothing_is_written(run, session: Session) -> None:
    answer = run(sae_file({}, {"finess_et": "010000025"}, {"siret": "12345678900000"}))
    assert answer.exit_code == 1
    assert "Ligne 3, finess_et : Le numéro FINESS « 010000025 » ne passe pas le contrôle de sa clé" in answer.output
    assert "Ligne 4, siret : « 12345678900000 » n'est pas un SIRET valable" in answer.output
    assert "rejected: 2 (lignes 3-4)" in answer.output and "Rien n'a été écrit" in answer.output
    assert sites(session) == 0


def test_skipping_bad_rows_is_a_choice_and_succeeds(run, session: Session) -> None:
    answer = run(sae_file({}, {"finess_et": "010000025"}), "--skip-bad-rows")
    assert answer.exit_code == 0 and "accepted: 1" in answer.output and "rejected: 1 (lignes 3)" in answer.output
    assert sites(session) == 1


def test_a_dry_run_says_so(run, session: Session) -> None:
    answer = run(sae_file({}), "--dry-run")
    assert answer.exit_code == 0 and "accepted: 1" in answer.output and "Essai à blanc" in answer.output
    assert sites(session) == 0


def test_a_number_is_accepted_on_the_command_line_with_its_reason(run, session: Session) -> None:
    data = sae_file({"finess_et": "010000025"})
    assert run(data, "--accept-finess", "010000025").exit_code != 0, "without a reason it is refused"
    assert run(data, "--accept-finess", "010000025=Vérifié auprès de l'ARS").exit_code == 0
    assert sites(session) == 1


def test_remarks_are_printed_and_do_not_refuse(run, session: Session) -> None:
    answer = run(finess_2026_file({"etat": "I", "date_fermeture": "1996-01-01", "siret": "73282932099999"}))
    assert answer.exit_code == 0
    assert "Remarque, ligne 2, siret : SIRET « 73282932099999 » non valable, laissé de côté" in answer.output


def test_a_file_that_cannot_be_read_is_refused_as_a_sentence(run, session: Session) -> None:
    answer = run(b"\xff\xfe\x00" * 100)
    assert isinstance(answer.exception, RuleBroken), "the command group prints it and exits with status 1"
    assert answer.exception.code == "import_encoding_unknown"
    assert sites(session) == 0


def test_runs_of_numbers_are_short() -> None:
    assert runs([2, 3, 4, 9, 11, 12]) == "2-4, 9, 11-12"
    assert runs(range(1, 100, 2)).endswith("39, …")


def test_a_file_with_one_cause_for_thousands_of_refusals_does_not_flood_the_screen(app: Flask, session: Session) -> None:
    refusals = [Note(line, "finess_et", Sentence("x", "Refus.")) for line in range(2, 1002)]
    report = ImportReport("sae", "0" * 64, refusals=refusals, rejected=[note.row for note in refusals])
    lines = lines_of(report)
    assert len(lines) < 220 and "… et 800 autres refus." in lines
    assert "rejected: 1000 (lignes 2-1001)" in lines
