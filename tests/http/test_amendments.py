"""Amendments over JSON and on their pages: who reads what, drafting, signing, withdrawing; the law's thresholds as data."""
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from catalog.offers.rules import Bracket, PriceGrid
from marketplace.accounts.models import User
from marketplace.platform import clock
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.services.ending import terminate_contract
from tests.factories.accounts import operator
from tests.factories.amendments import contract_under, drafted, signed
from tests.factories.demand import clinic
from tests.factories.indexation import revised

PDF = b"%PDF-1.7 fictif"
DRAFT = {"kind": "maximum", "reason": "Deux sites de plus.", "legal_basis": "mutual_agreement", "maximum_quantity": 2500}


@pytest.fixture
def made(app, session, files_folder):
    """`made(regime)`: a running contract with its centre's, holder's and a member's person."""

    def make(regime="private", **columns):
        with app.test_request_context("/"):
            running = contract_under(regime, **columns)
        people = (running.centre, running.holder, running.members[0][1])
        return running, *(session.get_one(User, actor.user_id) for actor in people)

    return make


def sent(**changes):
    """A signed amendment as a form sends it."""
    form = {"signed_file": (BytesIO(PDF), "avenant.pdf"), "signed_on": clock.today().isoformat(), **changes}
    return {"data": form, "content_type": "multipart/form-data"}


def test_a_draft_is_written_signed_and_read_by_everybody_on_the_contract(app, session, api, made):
    running, centre, holder, member = made()
    url = f"/api/v1/contracts/{running.contract.id}"
    assert api(member).post(f"{url}/amendments", json=DRAFT).status_code == 403
    draft = api(centre).post(f"{url}/amendments", json=DRAFT)
    assert draft.status_code == 201, draft.json
    assert (draft.json["status"], draft.json["number"], draft.json["value_change"]) == ("draft", None, "90000.00")
    one = f"/api/v1/contract-amendments/{draft.json['id']}"
    assert api(holder).get(one).status_code == 404 and api(member).get(f"{url}/amendments").json["items"] == []
    assert api(holder).post(f"{one}/signature", **sent()).status_code == 404
    done = api(centre).post(f"{one}/signature", **sent())
    assert done.status_code == 200, done.json
    assert (done.json["status"], done.json["number"], done.json["warnings"]) == ("in_force", 1, [])
    assert api(centre).post(f"{one}/withdrawal").json["code"] == "amendment_not_a_draft"
    for reader in (holder, member):
        seen = api(reader).get(f"{url}/amendments").json
        assert seen["items"][0]["changes"] == {"maximum_quantity": {"before": 2000, "after": 2500}}
        assert (seen["initial_value"], seen["initial_value_how"]) == ("360000.00", "maximum_quantity")
        assert seen["value_changes"] == "90000.00" and seen["items"][0]["signed_sha256"] == done.json["signed_sha256"]
        assert api(reader).get(f"{one}/signature").data == PDF
    contract = api(member).get(url).json
    assert (contract["maximum_quantity"], contract["amendments"], contract["amendments_in_force"]) == (2500, 1, 1)
    with app.app_context():
        _site, outsider = clinic()
    assert api(session.get_one(User, outsider.user_id)).get(one).status_code == 404


def test_every_kind_travels_as_json(app, session, api, made):
    running, centre, _holder, member = made("private", allows_late_joining=True)
    url = f"/api/v1/contracts/{running.contract.id}/amendments"
    with app.app_context():
        newcomer, _actor = clinic()
    kinds = [
        {"kind": "prices", "grid": {"brackets": [{"from_quantity": 1, "unit_price": "4.80"}]}},
        {"kind": "minimum", "minimum_quantity": 800},
        {"kind": "term", "ends_on": (running.contract.ends_on.replace(day=1)).isoformat()},
        {"kind": "members", "added": [str(newcomer.id)]},
        {"kind": "indexation", "formula": {"index_code": "SYNTEC", "base_month": "2026-01-01", "base_value": "130",
                                           "fixed_share": "0.15", "indexed_share": "0.85", "interval_months": 12}},
        {"kind": "fee", "fee": {"kind": "entry", "payer": "provider", "value": "500"}},
        {"kind": "other", "text": "Article 4.", "value_change": "-150.50"},
    ]  # fmt: skip
    for number, body in enumerate(kinds, 1):
        draft = api(centre).post(url, json={"reason": "Accord.", "legal_basis": "mutual_agreement", **body})
        assert draft.status_code == 201, draft.json
        done = api(centre).post(f"/api/v1/contract-amendments/{draft.json['id']}/signature", **sent())
        assert done.status_code == 200 and done.json["number"] == number, done.json
    assert done.json["value_change"] == "-150.50"
    seen = {each["kind"]: each["changes"] for each in api(member).get(url).json["items"]}
    assert seen["fee"] == {} and seen["members"]["added"] == {"before": [], "after": []}
    assert api(centre).post(url, json={**DRAFT, "kind": "fee"}).status_code == 422
    assert api(centre).post(url, json={**DRAFT, "value_change": "douze"}).status_code == 422


def test_the_signed_pdf_is_given_to_whoever_may_read_all_that_it_changes(app, session, api, sign_in, made):
    running, centre, holder, member = made("private", allows_late_joining=True)
    with app.test_request_context("/"):
        newcomer, joined = clinic()
        versions = {
            "of the holder's fee": signed(running, "fee", fee=Fee("entry", "provider", Decimal(500))),
            "of the members' fee": signed(running, "fee", fee=Fee("entry", "member", Decimal("0.5"))),
            "of members": signed(running, "members", added=(newcomer.id,)),
            "of all": signed(running, maximum_quantity=2500),
        }
    newcomer_person = session.get_one(User, joined.user_id)
    page = f"/contrats/{running.contract.id}/avenants"

    def reads(person) -> set[str]:
        client, browser, found = api(person), sign_in(person), set()
        shown = browser.get(page).text
        for name, version in versions.items():
            paper = f"{page}/{version.id}/avenant-signe.pdf"
            given = client.get(f"/api/v1/contract-amendments/{version.id}/signature").status_code == 200
            assert given == (browser.get(paper).status_code == 200) == (paper in shown), name
            found |= {name} if given else set()
        assert (len(found) < len(versions)) == ("seule la centrale le lit" in shown)
        return found

    assert reads(centre) == set(versions)
    assert reads(holder) == {"of the holder's fee", "of the members' fee", "of members", "of all"}
    assert reads(member) == {"of the members' fee", "of all"}
    assert reads(newcomer_person) == {"of the members' fee", "of members", "of all"}


def test_a_threshold_warns_the_centre_and_is_acknowledged(api, made):
    running, centre, holder, _member = made("public_code")
    body = {**DRAFT, "legal_basis": "low_value"}
    draft = api(centre).post(f"/api/v1/contracts/{running.contract.id}/amendments", json=body).json
    one = f"/api/v1/contract-amendments/{draft['id']}"
    refused = api(centre).post(f"{one}/signature", **sent()).json
    assert refused["code"] == "amendment_needs_acknowledgement" and "25 % de la valeur initiale" in refused["title"]
    assert "art. R2194-8" in refused["title"]
    done = api(centre).post(f"{one}/signature", **sent(acknowledgement="Avis du service juridique du 3 mars.")).json
    assert len(done["warnings"]) == 1 and done["acknowledgement"] == "Avis du service juridique du 3 mars."
    seen = api(holder).get(one).json
    assert (seen["warnings"], seen["acknowledgement"]) == ([], None)


def test_thresholds_are_data_that_the_platform_enters(app, session, api, made):
    running, centre, _holder, _member = made("public_code")
    person = operator()
    today = clock.today().isoformat()
    entry = {"code": "low_value_percent", "value": "30", "article": "R2194-8", "since": today, "source": "Journal officiel"}
    assert api(centre).post("/api/v1/amendment-thresholds", json=entry).status_code == 403
    assert api(person).post("/api/v1/amendment-thresholds", json={**entry, "source": " "}).status_code == 422
    assert api(person).post("/api/v1/amendment-thresholds", json={**entry, "value": "0"}).status_code == 422
    before = len(api(centre).get("/api/v1/amendment-thresholds").json["items"])
    assert before == 5 and api(person).post("/api/v1/amendment-thresholds", json=entry).status_code == 201
    body = {**DRAFT, "legal_basis": "low_value"}
    draft = api(centre).post(f"/api/v1/contracts/{running.contract.id}/amendments", json=body).json
    assert api(centre).post(f"/api/v1/contract-amendments/{draft['id']}/signature", **sent()).status_code == 200


FORMS = {
    "prices": {"brackets": "1 ; 4,80\n500 ; 4,50", "mobilisation_amount": ""},
    "maximum": {"maximum_quantity": "2 500", "maximum_amount": ""},
    "minimum": {"minimum_quantity": "800"},
    "term": {"ends_on": "2029-01-31", "duration_reason": ""},
    "indexation": {"index_code": "SYNTEC", "base_month": "2026-01-15", "base_value": "130,2", "fixed_share": "0,15",
                   "indexed_share": "0,85", "interval_months": "12"},
    "fee": {"fee_kind": "entry", "fee_payer": "member", "fee_value": "500"},
    "other": {"text": "Article 4 : le samedi aussi."},
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_each_kind_has_its_form(sign_in, made, kind):
    running, centre, _holder, member = made()
    page = f"/contrats/{running.contract.id}/avenants"
    browser = sign_in(centre)
    assert browser.get(f"{page}/nouveau?objet={kind}").status_code == 200
    assert sign_in(member).get(f"{page}/nouveau?objet={kind}").status_code == 403
    form = {**FORMS[kind], "reason": "Accord.", "legal_basis": "mutual_agreement", "effective_on": "", "value_change": ""}
    shown = browser.post(f"{page}/nouveau?objet={kind}", data=form, follow_redirects=True).text
    assert "Projet d&#39;avenant enregistré" in shown and "Projet : " in shown
    again = browser.post(f"{page}/nouveau?objet={kind}", data={**form, "reason": ""})
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("wanted", "readers"),
    [
        ({}, "votre centrale, le titulaire et les membres."),
        ({"kind": "fee", "fee": Fee("entry", "member", Decimal(500))}, "votre centrale et qui paie cette redevance"),
    ],
)
def test_the_form_says_who_will_read_the_signed_pdf(app, sign_in, made, wanted, readers):
    running, centre, _holder, _member = made()
    with app.test_request_context("/"):
        draft = drafted(running, **wanted or {"maximum_quantity": 2500})
    assert readers in sign_in(centre).get(f"/contrats/{running.contract.id}/avenants/{draft.id}/signature").text


@pytest.mark.parametrize("regime", ["private", "public_code"])
def test_an_article_of_the_public_code_is_named_where_that_code_applies(app, sign_in, made, regime):
    running, centre, _holder, _member = made(regime)
    with app.test_request_context("/"):
        revised(running.contract, Decimal("1.05"))
        draft = drafted(running, maximum_quantity=2500)
    shown = sign_in(centre).get(f"/contrats/{running.contract.id}/avenants/{draft.id}/signature").text
    assert "Valeur initiale révisée" in shown
    assert ("R2194-4" in shown) == (regime == "public_code")


def test_a_version_that_a_termination_stops_is_shown_without_effect(app, sign_in, api, made):
    running, _centre, _holder, member = made()
    end = clock.today() + timedelta(days=30)
    with app.test_request_context("/"):
        signed(running, maximum_quantity=2500, wanted_on=end + timedelta(days=1))
        terminate_contract(running.centre, running.contract.id, reason="Faute.", on=end)
    shown = sign_in(member).get(f"/contrats/{running.contract.id}/avenants").text
    assert "sans effet" in shown and "avant que cet avenant prenne effet" in shown
    seen = api(member).get(f"/api/v1/contracts/{running.contract.id}/amendments").json
    assert (seen["items"][0]["status"], seen["value_changes"]) == ("stopped", "0.00")


def test_members_are_named_by_their_finess_number(app, sign_in, made):
    running, centre, _holder, _member = made("private", allows_late_joining=True)
    with app.app_context():
        newcomer, _actor = clinic()
    page = f"/contrats/{running.contract.id}/avenants"
    browser = sign_in(centre)
    form = {"added": "990000000", "reason": "Accord.", "legal_basis": "mutual_agreement"}
    assert "Numéro FINESS inconnu" in browser.post(f"{page}/nouveau?objet=members", data=form).text
    shown = browser.post(f"{page}/nouveau?objet=members", data={**form, "added": newcomer.finess}, follow_redirects=True)
    assert newcomer.name in shown.text


def test_the_versions_page_signs_withdraws_and_shows_before_and_after(app, sign_in, made):
    running, centre, holder, member = made("public_code")
    with app.test_request_context("/"):
        first = drafted(running, maximum_quantity=2500)
        drafted(running, "other", text="Article 4.")
    page, browser = f"/contrats/{running.contract.id}/avenants", sign_in(centre)
    assert "Préparer un avenant" in browser.get(page).text
    assert "code de la commande publique" in browser.get(f"{page}/nouveau").text
    assert "Projet" not in sign_in(holder).get(page).text
    sign = f"{page}/{first.id}/signature"
    assert "25 % de la valeur initiale" in browser.get(sign).text
    refused = browser.post(sign, **sent())
    assert refused.status_code == 422 and "pourquoi l&#39;avenant est signé malgré cela" in refused.text
    done = browser.post(sign, **sent(acknowledgement="Avis juridique."), follow_redirects=True)
    assert "Avenant n° 1 signé" in done.text and "2 000 endpoints" not in done.text
    shown = sign_in(member).get(page).text
    assert "2 000 postes" in shown.replace("\u202f", " ") and "Avis juridique." not in shown and "R2194-8" in shown
    assert sign_in(member).get(f"{page}/{first.id}/avenant-signe.pdf").data == PDF
    assert browser.get(sign).status_code == 302
    assert "Cette page montre le contrat tel qu" in browser.get(f"/contrats/{running.contract.id}").text
    with app.test_request_context("/"):
        second = drafted(running, "other", text="Article 5.")
    assert "retiré" in browser.post(f"{page}/{second.id}/retrait", follow_redirects=True).text
    assert "plus un projet" in browser.post(f"{page}/{second.id}/retrait", follow_redirects=True).text
    assert browser.get(f"{page}/{second.id}/avenant-signe.pdf").status_code == 404
    assert browser.get(f"/contrats/{second.id}/avenants/{first.id}/avenant-signe.pdf").status_code == 404


def test_the_operators_page_enters_a_threshold(session, sign_in, made):
    _running, centre, _holder, _member = made()
    browser = sign_in(operator())
    page = "/referentiels/seuils-des-avenants"
    assert sign_in(centre).get(page).status_code == 403
    form = {"code": "european_amount", "value": "210 000", "article": "R2194-8", "since": "2028-01-01", "source": "Avis 2028"}
    assert "Avis 2028" in browser.post(page, data=form, follow_redirects=True).text
    assert browser.post(page, data={**form, "value": "x"}).status_code == 422


def test_a_list_of_versions_costs_the_same_whatever_their_number(app, sign_in, made, count_queries):
    running, centre, _holder, _member = made("private", allows_late_joining=True)
    page, browser = f"/contrats/{running.contract.id}/avenants", sign_in(centre)

    def cost() -> int:
        with count_queries() as statements:
            assert browser.get(page).status_code == 200
        return len(statements)

    with app.test_request_context("/"):
        first, _ = clinic()
        signed(running, "members", added=(first.id,))
    one = cost()
    with app.test_request_context("/"):
        grid = PriceGrid("all_units", (Bracket(1, None, Decimal("4.80")),), Decimal(0), {})
        signed(running, "prices", grid=grid)
        signed(running, "fee", fee=Fee("entry", "provider", Decimal(500)))
        for _ in range(3):
            site, _person = clinic()
            signed(running, "members", added=(site.id,))
        drafted(running, "other", text="Article 4.")
    assert cost() == one
