"""Importing establishments: everything or nothing, twice changes nothing, what people entered stays."""
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.establishments import queries
from marketplace.establishments.models import AcceptedFiness, Establishment
from marketplace.establishments.services import profiles
from marketplace.establishments.services.imports import ImportReport, import_establishments
from marketplace.platform.audit.models import AuditEvent
from marketplace.platform.errors import NotAllowed, RuleBroken
from marketplace.platform.permissions import SYSTEM
from tests.factories.accounts import OrganisationFactory, operator, user_in
from tests.factories.base import refreshed
from tests.factories.establishments import EstablishmentFactory, finess
from tests.factories.finess_files import FINESS_2026, SAE, finess_2026_file, legacy_file, sae_file

SITE, OPERATOR = finess(1), SAE["finess_ej"]


def run(data: bytes, **options) -> ImportReport:
    return import_establishments(SYSTEM, data, **options)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """(created, updated, unchanged, rejected)."""
    return len(report.created), len(report.updated), report.unchanged, len(report.rejected)


def site(session: Session, number: str = SITE) -> Establishment:
    session.expire_all()
    found = queries.find_establishment(session, number)
    assert found is not None
    return found


def operator_of(session: Session, finess_ej: str = OPERATOR) -> Organisation:
    session.expire_all()
    return session.scalars(select(Organisation).where(Organisation.finess_ej == finess_ej)).one()


def count(session: Session, model: type) -> int:
    return session.execute(select(func.count()).select_from(model)).scalar_one()


def test_the_real_file_comes_in_whole_and_a_second_run_changes_nothing(session: Session, shared: Path) -> None:
    data = (shared / "data" / "etablissements_sante_sae2023.csv").read_bytes()
    assert counts(run(data)) == (3975, 0, 0, 0)
    by_sector = session.execute(select(Establishment.sector, func.count()).group_by(Establishment.sector)).all()
    assert dict(by_sector) == {"public": 1428, "private_for_profit": 1288, "private_nonprofit": 1259}
    assert count(session, Organisation) == 2176
    again = run(data)
    assert counts(again) == (0, 0, 3975, 0)
    assert (again.operators_created, again.operators_updated) == (0, 0)
    for model in (Establishment, Organisation):
        assert session.execute(select(func.max(model.version))).scalar_one() == 1


def test_the_2026_sample_comes_in_whole_with_its_closed_sites(session: Session, shared: Path) -> None:
    data = (shared / "data" / "finess_2026_sample.csv").read_bytes()
    report = run(data)
    assert counts(report) == (877, 0, 0, 0)
    assert {note.sentence.code for note in report.remarks} == {"siret_left_out"}
    assert len(report.remarks) == 22
    closed = select(func.count()).where(Establishment.closed_on.is_not(None))
    assert session.execute(closed).scalar_one() == 458
    assert counts(run(data)) == (0, 0, 877, 0)


def test_the_real_file_in_windows_1252_is_the_same_file(session: Session, shared: Path) -> None:
    data = (shared / "data" / "etablissements_sante_sae2023.csv").read_bytes()
    run(data)
    assert counts(run(data.decode().encode("cp1252"))) == (0, 0, 3975, 0)


def test_a_new_site_gets_its_operator_region_and_profile(session: Session) -> None:
    assert counts(run(sae_file({"finess_et": SITE}))) == (1, 0, 0, 0)
    new = site(session)
    assert (new.size_band, new.activity_level, new.region) == ("50_249", "medium", "84")
    assert (new.search_name, new.search_town) == ("clinique fictive", "bourg en bresse")
    owner = operator_of(session)
    assert new.organisation_id == owner.id
    assert (owner.kind, owner.name, owner.siren, owner.legal_status) == (
        "care_operator", "CLINIQUE FICTIVE", "732829320", "95",
    )  # fmt: skip
    assert owner.purchasing_regime is None, "the regime is data with a reason, never derived from the sector"


def test_only_rows_that_differ_take_a_new_version(session: Session) -> None:
    run(sae_file({"finess_et": SITE}, {"finess_et": finess(2)}))
    report = run(sae_file({"finess_et": SITE, "sejours_hc_mco": "9000"}, {"finess_et": finess(2)}))
    assert (report.updated, report.unchanged) == ([2], 1)
    assert (site(session).version, site(session).activity_level) == (2, "high")
    assert site(session, finess(2)).version == 1


def test_silence_never_erases_what_is_known(session: Session) -> None:
    run(sae_file({"finess_et": SITE}))
    silent = {"sejours_hc_mco": "", "siret": "", "etp_non_medical": "0.0", "etp_medical_salarie": "0", "effectif_liberal": ""}
    assert counts(run(sae_file({"finess_et": SITE, **silent}))) == (0, 0, 1, 0)
    kept = site(session)
    assert (kept.mco_stays, kept.siret, str(kept.staff), kept.activity_level) == (
        4000, "73282932000074", "140.75", "medium",
    )  # fmt: skip


def test_only_the_2026_file_closes_and_reopens_a_site(session: Session) -> None:
    number = {"finess_et": SITE}
    run(finess_2026_file({**number, "etat": "I", "date_fermeture": "2026-01-01"}))
    assert site(session).closed_on is not None
    run(sae_file(number))
    assert site(session).closed_on is not None
    run(finess_2026_file({**number}))
    assert site(session).closed_on is None


def test_the_it_estate_and_a_declared_staff_figure_stay(session: Session, actor_for) -> None:
    run(sae_file({"finess_et": SITE}))
    owner = user_in(operator_of(session), roles=("buyer",))
    profiles.change_estate(actor_for(owner), site(session).id, {"endpoints": 300, "staff": 260})
    run(sae_file({"finess_et": SITE, "etp_non_medical": "20", "raison_sociale": "CLINIQUE RENOMMEE"}))
    kept = site(session)
    assert (kept.name, kept.endpoints, int(kept.staff or 0), kept.size_band) == ("CLINIQUE RENOMMEE", 300, 260, "250_plus")


def test_a_site_given_to_another_operator_is_moved_counted_and_told(session: Session) -> None:
    run(sae_file({"finess_et": SITE}))
    before = operator_of(session).id
    report = run(sae_file({"finess_et": SITE, "finess_ej": finess(900_009)}))
    assert (report.moved, report.updated) == ([2], [2])
    after = site(session).organisation_id
    assert after == operator_of(session, finess(900_009)).id != before
    told = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert told is not None and told.after is not None
    assert told.after["moved"] == [{"establishment": str(site(session).id), "from": str(before), "to": str(after)}]


def test_an_operator_is_renamed_by_a_file_that_names_it_but_not_against_a_person(session: Session) -> None:
    run(sae_file({"finess_et": SITE, "finess_ej": FINESS_2026["finess_ej"]}))
    run(finess_2026_file({}))
    renamed = operator_of(session, FINESS_2026["finess_ej"])
    assert renamed.name == "ASSOCIATION FICTIVE"
    run(sae_file({"finess_et": SITE, "finess_ej": FINESS_2026["finess_ej"]}))
    assert refreshed(renamed).name == "ASSOCIATION FICTIVE", "a borrowed name never replaces a stated one"
    renamed.name = "Association Fictive (nom choisi)"
    session.commit()
    run(finess_2026_file({"raison_sociale_ej": "ASSOCIATION REBAPTISEE"}))
    assert refreshed(renamed).name == "Association Fictive (nom choisi)"


def test_a_legacy_row_takes_its_sector_from_the_operator_already_known(session: Session) -> None:
    unknown = {"nofinessej": OPERATOR, "nofinesset": SITE, "codesph": "0", "codemft": "07"}
    run(legacy_file(unknown))
    assert site(session).sector is None
    run(sae_file({}))
    run(legacy_file(unknown))
    assert (site(session).sector, site(session).legal_status) == ("private_for_profit", "95")


def test_with_a_refused_row_nothing_is_written(session: Session) -> None:
    report = run(sae_file({}, {"finess_et": "010000025"}, {}))
    assert not report.written and report.rejected == [3]
    assert (report.refusals[0].field, report.refusals[0].sentence.code) == ("finess_et", "finess_key_wrong")
    assert (count(session, Establishment), count(session, Organisation), count(session, AuditEvent)) == (0, 0, 0)


def test_bad_rows_may_be_skipped_when_asked(session: Session) -> None:
    report = run(sae_file({}, {"finess_et": "010000025"}, {}), skip_bad_rows=True)
    assert report.written and counts(report) == (2, 0, 0, 1)
    assert report.created == [2, 4]


def test_a_rehearsal_says_everything_and_writes_nothing(session: Session) -> None:
    assert counts(run(sae_file({}, {}), dry_run=True)) == (2, 0, 0, 0)
    assert (count(session, Establishment), count(session, Organisation), count(session, AuditEvent)) == (0, 0, 0)


@pytest.mark.parametrize("data", [b"", b"a;b\n1;2\n", sae_file()[:100]])
def test_an_unreadable_file_writes_nothing(session: Session, data: bytes) -> None:
    with pytest.raises(RuleBroken):
        run(data)
    assert count(session, Establishment) == 0


def test_one_audit_event_tells_the_import(session: Session) -> None:
    report = run(sae_file({}, {}))
    (told,) = session.scalars(select(AuditEvent))
    assert (told.action, told.subject_id) == ("establishment.import", report.sha256)
    assert told.after is not None and told.after["created"] == 2


def test_only_the_operator_imports(session: Session, actor_for) -> None:
    with pytest.raises(NotAllowed):
        import_establishments(actor_for(user_in(roles=("admin",))), sae_file())
    assert import_establishments(actor_for(operator()), sae_file()).written


def test_a_wrong_key_comes_in_once_the_operator_accepted_it_with_a_reason(session: Session) -> None:
    wrong = sae_file({"finess_et": "010000025"})
    assert run(wrong, accepting={"010000025": "Vérifié auprès de l'ARS"}).written
    assert run(wrong).rejected == []
    exception = session.scalars(select(AcceptedFiness)).one()
    assert exception.reason == "Vérifié auprès de l'ARS"
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[0] == "finess.accept"


def test_the_number_of_statements_does_not_grow_with_the_rows(session: Session, count_queries) -> None:
    with count_queries() as few:
        run(sae_file({}))
    with count_queries() as many:
        run(sae_file(*({} for _line in range(60))))
    assert len(few) == len(many) <= 20


def test_a_hand_made_operator_is_found_by_its_finess_and_keeps_its_name(session: Session) -> None:
    made = OrganisationFactory(finess_ej=OPERATOR, name="Clinique fictive, entité")
    EstablishmentFactory(finess=SITE, organisation_id=made.id, endpoints=12)
    report = run(sae_file({"finess_et": SITE}))
    assert (report.operators_created, report.updated) == (0, [2])
    assert refreshed(made).name == "Clinique fictive, entité"
    assert site(session).endpoints == 12
