"""A published list of certified hosts: sent, mapped, previewed, taken over once, and what a newer one no longer names."""
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications import list_queries
from catalog.certifications.lists import forget_lists, keep_despite_list
from catalog.certifications.models import Certificate, CertificateList, CertificateSite
from catalog.providers.models import HostingSite, Subcontractor
from catalog.providers.rules import MOST_DECLARED
from marketplace.notifications.models import Notification
from marketplace.platform import clock, outbox
from marketplace.platform.database import new_id
from marketplace.platform.errors import RuleBroken
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.base import refreshed
from tests.http.test_evidence import part

TITLES = "Hébergeur;SIREN;N° certificat;Activités certifiées;Référentiel;Fin de validité"


def day(number: int) -> str:
    return f"{clock.today() + timedelta(days=number):%d/%m/%Y}"


def company(name: str, siren: str | None = None) -> Any:
    organisation = accounts.OrganisationFactory(kind="provider", name=name, siren=siren)
    return make.ProviderFactory(name=name, organisation_id=organisation.id)


@pytest.fixture
def operator(session: Session) -> Any:
    return accounts.operator()


@pytest.fixture
def bastion(session: Session) -> Any:
    return company("Bastion Fictif", "732829320")


@pytest.fixture
def send(api: Callable, operator: Any) -> Callable[..., Any]:
    """Send rows as a list of HDS hosts; the answer."""

    def post(*rows: str, listed_on: int = 0, encoding: str = "utf-8", titles: str = TITLES, scheme: str = "hds") -> Any:
        content = "\n".join([titles, *rows]).encode(encoding)
        listed = clock.today() + timedelta(days=listed_on)
        path = f"/api/v1/certificate-lists?scheme={scheme}&listed_on={listed}"
        return api(operator).post(path, **part("liste.csv", content, field="file"))

    return post


@pytest.fixture
def take(api: Callable, operator: Any) -> Callable[..., Any]:
    """Take a sent list over."""

    def post(sent: Any, **how: Any) -> Any:
        return api(operator).post(f"/api/v1/certificate-lists/{sent.json['id']}/takeover", json=how)

    return post


def certificates(session: Session) -> list[Certificate]:
    session.expire_all()
    return list(session.scalars(select(Certificate).where(Certificate.scheme == "hds").order_by(Certificate.id)))


def outcomes(answer: Any) -> list[tuple[int, str]]:
    return [(row["line"], row["outcome"]) for row in answer.json["rows"]]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_list_is_previewed_then_taken_over_and_its_certificates_say_so(
    app: Any, api: Callable, session: Session, bastion: Any, send: Callable, take: Callable, encoding: str
) -> None:
    vendor = make.person_of(bastion)
    row = f"BASTION FICTIF;732 829 320;H-1;1 à 3;v2;{day(700)}"
    sent = send(row, f"Société inconnue;;H-9;1;v2;{day(700)}", encoding=encoding)
    assert sent.status_code == 201
    assert sent.json["mapping"] == {"name": 0, "siren": 1, "number": 2, "activities": 3, "version": 4, "valid_until": 5}
    assert outcomes(sent) == [(2, "added"), (3, "unmatched")]
    assert certificates(session) == []
    done = take(sent)
    assert (done.status_code, done.json["counts"]["added"], done.json["rows"]) == (200, 1, [])
    (made,) = certificates(session)
    assert (made.number, made.activities, made.verified_at is not None) == ("H-1", [1, 2, 3], True)
    shown = api(vendor).get(f"/api/v1/providers/{bastion.id}/certificates").json["items"][0]
    assert (shown["state"], shown["listed_on"]) == ("verified", str(clock.today()))
    with app.app_context():
        outbox.dispatch_due()
    told = session.scalars(select(Notification.template).where(Notification.user_id == vendor.id)).all()
    assert told == ["certificate_listed"]


def test_taking_the_same_list_over_again_changes_nothing(
    session: Session, bastion: Any, send: Callable, take: Callable
) -> None:
    row = f"Bastion Fictif;732829320;H-1;1;v2;{day(700)}"
    first = send(row)
    assert take(first).status_code == 200
    assert take(first).json["code"] == "list_taken_over"
    before = [(c.id, c.verified_at, c.missing_since) for c in certificates(session)]
    again = send(row)
    assert outcomes(again) == [(2, "known")]
    assert take(again).json["counts"]["known"] == 1
    assert [(c.id, c.verified_at, c.missing_since) for c in certificates(session)] == before


def test_a_declared_certificate_on_the_list_becomes_verified(
    session: Session, bastion: Any, send: Callable, take: Callable
) -> None:
    until = clock.today() + timedelta(days=700)
    declared = make.CertificateFactory(
        provider_id=bastion.id, scheme="hds", version="v2", activities=[1], number="H-1", valid_until=until, verified_at=None
    )
    sent = send(f"Bastion;732829320;h 1;1;v2;{day(700)}")
    assert outcomes(sent) == [(2, "verified")]
    take(sent)
    assert refreshed(declared).verified_at is not None
    assert len(certificates(session)) == 1


def test_a_name_alone_is_proposed_and_counts_only_once_confirmed(
    session: Session, send: Callable, take: Callable
) -> None:
    company("Éclair Santé SAS")
    row = f"ECLAIR SANTE;;H-2;5, 6;v2;{day(300)}"
    sent = send(row)
    assert outcomes(sent) == [(2, "proposed")]
    assert take(sent).json["counts"] == {
        "added": 0, "verified": 0, "known": 0, "proposed": 1, "unmatched": 0, "bad": 0, "missing": 0,
    }  # fmt: skip
    assert certificates(session) == []
    assert take(send(row), confirmed=[2]).json["counts"]["added"] == 1
    assert [c.number for c in certificates(session)] == ["H-2"]


def test_bad_rows_are_named_and_stop_everything_unless_they_are_left_aside_on_purpose(
    session: Session, bastion: Any, send: Callable, take: Callable
) -> None:
    known = f"Bastion Fictif;732829320;H-1;1;v2;{day(700)}"
    sent = send(
        known, known, "Bastion;732829320;H-2;1;v2;bientôt", f"Bastion;732829320;H-3;9;v2;{day(700)}",
        f"Bastion;732829320;H-4;1;v2;{day(-5)}", f"Bastion;732829320;H-5;1;v2;{day(4000)}",
    )  # fmt: skip
    assert outcomes(sent) == [(2, "added"), (3, "bad"), (4, "bad"), (5, "bad"), (6, "bad"), (7, "bad")]
    faults = [row["faults"][0] for row in sent.json["rows"] if row["faults"]]
    for said, expected in zip(faults, ("répète la ligne 2", "bientôt", "« 9 »", "avant de commencer", "36 mois"), strict=True):
        assert expected in said
    refused = take(sent)
    assert (refused.status_code, refused.json["code"], refused.json["count"]) == (409, "list_has_bad_rows", 5)
    assert certificates(session) == []
    assert take(sent, skip_bad=True).json["counts"]["added"] == 1
    assert [c.number for c in certificates(session)] == ["H-1"]


def test_what_a_newer_list_no_longer_names_is_flagged_and_never_withdrawn(
    app: Any, actor_for: Callable, sign_in: Callable, session: Session, operator: Any, bastion: Any, send: Callable,
    take: Callable,
) -> None:  # fmt: skip
    company("Rempart Fictif", "303265045")
    other = f"Rempart;303265045;R-1;1;v2;{day(700)}"
    take(send(f"Bastion;732829320;H-1;1;v2;{day(700)}", other, listed_on=-30))
    done = take(send(other, listed_on=-1))
    assert (done.json["counts"]["missing"], done.json["counts"]["known"]) == (1, 1)
    gone, kept = certificates(session)
    assert (gone.missing_since, gone.withdrawn_at) == (clock.today() - timedelta(days=1), None)
    assert kept.missing_since is None
    browser = sign_in(operator)
    page = browser.get("/a-verifier").text
    assert "Disparus d'une liste officielle" in page
    without = browser.post(f"/certificats/{gone.id}/garder", data={"reason": " "}, follow_redirects=True)
    assert "Écrivez la raison" in without.text
    assert refreshed(gone).missing_since is not None
    browser.post(f"/certificats/{gone.id}/garder", data={"reason": "Renouvellement en cours chez l'organisme"})
    assert refreshed(gone).missing_since is None
    twice = browser.post(f"/certificats/{gone.id}/garder", data={"reason": "x"}, follow_redirects=True)
    assert "n&#39;est plus signalé" in twice.text
    with app.app_context(), pytest.raises(RuleBroken) as refused:
        keep_despite_list(actor_for(operator), gone.id, reason="x")
    assert refused.value.code == "certificate_not_missing"
    older = take(send(other, listed_on=-20))
    assert older.json["code"] == "list_older"


def test_columns_are_chosen_once_and_remembered(api: Callable, operator: Any, bastion: Any, send: Callable) -> None:
    titles = "Qui;Quoi;Jusque"
    row = f"Bastion Fictif;1, 2;{day(100)}"
    sent = send(row, titles=titles)
    assert (sent.json["mapping"], sent.json["rows"]) == ({}, [])
    path = f"/api/v1/certificate-lists/{sent.json['id']}/mapping"
    assert api(operator).put(path, json={"mapping": {"name": 0}}).json["code"] == "list_without_end"
    chosen = {"name": 0, "activities": 1, "valid_until": 2}
    mapped = api(operator).put(path, json={"mapping": chosen, "default_version": "v2"})
    assert [row["outcome"] for row in mapped.json["rows"]] == ["proposed"]
    again = send(row, titles="Rang;" + titles, scheme="hds")
    assert (again.json["mapping"], again.json["default_version"]) == ({"name": 1, "activities": 2, "valid_until": 3}, "v2")


def test_what_is_no_list_is_refused_and_nothing_is_kept(session: Session, send: Callable) -> None:
    assert send().json["code"] == "list_empty"
    assert send(*["x"] * 5001).json["code"] == "list_too_long"
    assert send("x" * (4 * 1024 * 1024)).json["code"] == "list_too_large"
    assert send("x;;;;;", listed_on=2).status_code == 422
    assert send("x;;;;;", scheme="nothing").status_code == 404
    assert session.scalars(select(CertificateList)).all() == []


def test_lists_are_the_operator_s_alone_and_forgotten_when_nobody_takes_them_over(
    app: Any, api: Callable, sign_in: Callable, session: Session, send: Callable
) -> None:
    sent = send(f"Bastion;732829320;H-1;1;v2;{day(700)}")
    path = f"/api/v1/certificate-lists/{sent.json['id']}"
    for stranger in (accounts.user_in(), make.person_of(make.ProviderFactory())):
        assert api(stranger).get(path).status_code == 404
        assert api(stranger).post(f"{path}/takeover", json={}).status_code == 404
        assert sign_in(stranger).get("/listes-officielles").status_code == 403
    with app.app_context():
        assert forget_lists(datetime.now(UTC)) == 0
        assert forget_lists(datetime.now(UTC) + timedelta(days=8)) == 1


def test_the_pages_lead_from_the_file_to_what_was_taken_over(
    sign_in: Callable, session: Session, operator: Any, bastion: Any
) -> None:
    browser = sign_in(operator)
    company("Éclair Santé")
    content = "\n".join([
        TITLES, f"Bastion;732829320;H-1;1;v2;{day(700)}", f"Eclair santé;;H-2;2;v2;{day(70)}", "Bastion;732829320;H-3;1;v2;?",
    ]).encode("cp1252")  # fmt: skip
    form = {"scheme": "hds", "listed_on": str(clock.today()), "file": (io.BytesIO(content), "hds.csv")}
    page = browser.post("/listes-officielles", data=form).headers["Location"]
    shown = browser.get(page).text
    for words in ("À confirmer : même nom", "« ? » n&#39;est pas une date", "Confirmer la ligne 3"):
        assert words in shown, words
    columns = {"name": "0", "siren": "1", "number": "2", "activities": "3", "version": "4", "valid_until": "5"}
    assert browser.post(f"{page}/colonnes", data={**columns, "valid_until": ""}).status_code == 422
    assert browser.post(f"{page}/colonnes", data=columns).status_code == 302
    refused = browser.post(f"{page}/reprise", data={"confirmed": "3"})
    assert (refused.status_code, "Lignes impossibles à reprendre : 1" in refused.text) == (422, True)
    assert browser.post(f"{page}/reprise", data={"confirmed": "3", "skip_bad": "1"}).status_code == 302
    assert "Ce qui a été repris" in browser.get(page).text
    assert [c.number for c in certificates(session)] == ["H-1", "H-2"]
    assert "liste officielle du" in browser.get(f"/prestataires/{bastion.id}").text
    assert "hds.csv" in browser.get("/listes-officielles").text


def test_a_level_that_the_list_does_not_name_is_not_verified_by_it(
    session: Session, bastion: Any, send: Callable, take: Callable
) -> None:
    until = clock.today() + timedelta(days=700)
    facts = {"provider_id": bastion.id, "scheme": "passi", "activities": [1], "valid_until": until, "verified_at": None}
    high = make.CertificateFactory(**facts, version=None, number="P-1", level=2)
    unsaid = make.CertificateFactory(**facts, version=None, number="P-2")
    sent = send(
        f"Bastion;732829320;P-1;1;;{day(700)}", f"Bastion;732829320;P-2;1;;{day(700)}", scheme="passi"
    )
    assert outcomes(sent) == [(2, "bad"), (3, "verified")]
    assert take(sent, skip_bad=True).status_code == 200
    assert (refreshed(high).verified_at is None, refreshed(unsaid).verified_at is None) == (True, False)


PLACES = f"{TITLES};Sites d'hébergement;Sous-traitants"


def declare(provider: Any, number: str = "H-1", *, starts: int = -30) -> Any:
    return make.CertificateFactory(
        provider_id=provider.id, scheme="hds", version="v2", activities=[1], number=number, verified_at=None,
        valid_from=clock.today() + timedelta(days=starts), valid_until=clock.today() + timedelta(days=700),
    )  # fmt: skip


def test_sites_and_subcontractors_of_a_list_are_declared_and_named_and_prove_nothing(
    session: Session, bastion: Any, send: Callable, take: Callable
) -> None:
    places = "Nord 1, 12 rue des Bois, Lille (France) | Namur, Quai 4 (BE);Nuage Fictif (732829320) | Wolk (Belgique)"
    row = f'Bastion;732829320;H-1;1;v2;{day(700)};{places.replace(" | ", "|")}'
    sent = send(row, titles=PLACES)
    assert [(one["outcome"], len(one["sites"]), len(one["subcontractors"])) for one in sent.json["rows"]] == [("added", 2, 2)]
    assert session.scalars(select(HostingSite)).all() == []
    assert take(sent).status_code == 200
    sites = session.scalars(select(HostingSite).order_by(HostingSite.name)).all()
    assert [(site.name, site.address, site.country) for site in sites] == [
        ("Namur", "Quai 4", "BE"), ("Nord 1", "12 rue des Bois, Lille", "FR"),
    ]  # fmt: skip
    named = session.scalars(select(CertificateSite.site_id)).all()
    assert set(named) == {site.id for site in sites}
    partners = session.scalars(select(Subcontractor).order_by(Subcontractor.name)).all()
    assert [(one.name, one.siren, one.country) for one in partners] == [
        ("Nuage Fictif", "732829320", "FR"), ("Wolk", None, "BE"),
    ]  # fmt: skip
    assert [one.subcontractor_id for one in certificates(session)] == [None]
    newer = f"Bastion;732829320;H-2;2;v2;{day(900)};NORD 1, 12 rue des bois - Lille (FR)|Nord 1, Quai 4 (FR);Nuage (732829320)"
    assert take(send(newer, titles=PLACES)).status_code == 200
    assert [site.address for site in session.scalars(select(HostingSite).order_by(HostingSite.id))][2:] == ["Quai 4"]
    assert len(session.scalars(select(Subcontractor)).all()) == 2


def test_a_site_that_cannot_be_read_or_lies_outside_the_area_is_an_error_of_its_row(
    session: Session, bastion: Any, send: Callable, take: Callable
) -> None:
    row = f"Bastion;732829320;H-{{}};1;v2;{day(700)};{{}};"
    sent = send(row.format(1, "Lille"), row.format(2, "Virginie, 1 road (US)"), titles=PLACES)
    assert outcomes(sent) == [(2, "bad"), (3, "bad")]
    said = [one["faults"][0] for one in sent.json["rows"]]
    assert "« Lille » n'est pas un site d'hébergement complet" in said[0]
    assert "États-Unis" in said[1]
    assert take(sent).json["code"] == "list_has_bad_rows"
    assert (session.scalars(select(HostingSite)).all(), certificates(session)) == ([], [])


def test_a_declared_certificate_with_a_site_the_list_does_not_name_is_left_to_the_operator(
    session: Session, bastion: Any, send: Callable
) -> None:
    site = HostingSite(id=new_id(), provider_id=bastion.id, name="Ailleurs", address="1 rue", country="FR")
    declared = declare(bastion)
    session.add(site)
    session.flush()
    session.add(CertificateSite(certificate_id=declared.id, site_id=site.id, provider_id=bastion.id))
    session.commit()
    row = f"Bastion;732829320;H-1;1;v2;{day(700)};{{}};"
    for other in ("Nord, 2 rue (FR)", "Ailleurs, 2 rue (FR)", ""):
        assert outcomes(send(row.format(other), titles=PLACES)) == [(2, "bad")], other
    assert outcomes(send(row.format("AILLEURS, 1 rue (FR)"), titles=PLACES)) == [(2, "verified")]


@pytest.mark.parametrize("siren", ["732829320", ""])
def test_a_list_verifies_no_declaration_with_a_site_outside_the_area(
    session: Session, bastion: Any, send: Callable, take: Callable, siren: str
) -> None:
    declared = declare(bastion)
    sent = send(f"Bastion Fictif;{siren};H-1;1;v2;{day(700)};Virginie, 1 road (US);", titles=PLACES)
    assert outcomes(sent) == [(2, "bad")]
    assert "États-Unis" in sent.json["rows"][0]["faults"][0]
    assert take(sent, confirmed=[2], skip_bad=True).status_code == 200
    assert refreshed(declared).verified_at is None
    assert session.scalars(select(HostingSite)).all() == []


def test_a_list_verifies_no_declaration_that_begins_before_it_says(bastion: Any, send: Callable, take: Callable) -> None:
    early, late = declare(bastion, "H-1", starts=-300), declare(bastion, "H-2", starts=0)
    rows = [f"Bastion;732829320;{number};1;v2;{day(700)};{day(-30)}" for number in ("H-1", "H-2")]
    sent = send(*rows, titles=f"{TITLES};Date de début")
    assert outcomes(sent) == [(2, "bad"), (3, "verified")]
    assert "un début plus tôt" in sent.json["rows"][0]["faults"][0]
    assert take(sent, skip_bad=True).status_code == 200
    assert (refreshed(early).verified_at is None, refreshed(late).verified_at is None) == (True, False)


@pytest.mark.parametrize(("places", "words"), [("S, {} rue (FR);", "sites d'hébergement"), (";W{} (BE)", "sous-traitants")])
def test_a_list_leaves_no_provider_with_more_places_than_it_may_declare(
    session: Session, bastion: Any, send: Callable, take: Callable, places: str, words: str
) -> None:
    before, entry, after = places.partition(places.strip(";"))
    cells = [before + "|".join(entry.format(n) for n in group) + after for group in (range(30), range(10, 50), range(51))]
    rows = [f"Bastion;732829320;H-{n};1;v2;{day(700)};{cell}" for n, cell in enumerate(cells)]
    sent = send(*rows, titles=PLACES)
    assert outcomes(sent) == [(2, "added"), (3, "added"), (4, "bad")]
    assert f"51 {words}, 50 au plus" in sent.json["rows"][2]["faults"][0]
    assert take(sent, skip_bad=True).status_code == 200
    declared = [*session.scalars(select(HostingSite.id)), *session.scalars(select(Subcontractor.id))]
    assert len(declared) == MOST_DECLARED


def test_what_a_provider_declares_while_a_list_is_taken_over_counts_all_the_same(
    session: Session, bastion: Any, send: Callable, take: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_queries, "places_declared", lambda _, providers: {each: ([], []) for each in providers})
    facts = {"provider_id": bastion.id, "address": "1 rue", "country": "FR"}
    session.add_all([HostingSite(id=new_id(), name=str(n), **facts) for n in range(MOST_DECLARED)])
    session.commit()
    sent = send(f"Bastion;732829320;H-1;1;v2;{day(700)};Nord, 2 rue (FR);", titles=PLACES)
    assert take(sent).json["code"] == "declared_too_many"
    assert certificates(session) == []
