"""Adhesions over JSON and on their page: read and signed by a member, listed for the centre, ended, shown on contracts."""

from io import BytesIO

import pytest

from marketplace.accounts.models import Organisation, User
from marketplace.platform import clock
from tenders.vehicles.models import Vehicle
from tests.factories.accounts import MembershipFactory, OrganisationFactory, user_in
from tests.factories.adhesions import AdhesionFactory
from tests.factories.contracts import ContractMemberFactory, StoredFileFactory, active_contract
from tests.factories.establishments import EstablishmentFactory

PDF = b"%PDF-1.7 fictif"


@pytest.fixture
def running(app, session, files_folder):
    """An activated contract, with a member's signatory, the centre's and the holder's person."""
    with app.app_context():
        contract = active_contract()
    site, actor = contract.members[0]
    centre = user_in(session.get_one(Organisation, contract.contract.organisation_id), ("admin", "signatory"))
    return contract, site, session.get_one(User, actor.user_id), centre, session.get_one(User, contract.holder.user_id)


def text_of(answer) -> str:
    return answer.get_data(as_text=True)


def test_a_member_reads_the_convention_signs_it_and_the_centre_ends_it(api, running):
    contract, site, member, centre, holder = running
    url = f"/api/v1/vehicles/{contract.lot.vehicle_id}"
    own = str(site.organisation_id)
    convention = api(member).get(f"{url}/convention?organisation_id={own}").json
    assert convention["version"] == 2 and len(convention["sha256"]) == 64
    assert api(centre).get(f"{url}/convention?organisation_id={own}").status_code == 404
    form = {"organisation_id": own, "convention_sha256": convention["sha256"]}
    sent = {**form, "signed_file": (BytesIO(PDF), "convention.pdf")}
    made = api(member).post(f"{url}/adhesions", data=sent, content_type="multipart/form-data")
    assert made.status_code == 201, made.json
    assert made.json["convention_text"] == convention["text"]
    again = api(member).post(f"{url}/adhesions", data=form, content_type="multipart/form-data")
    assert (again.status_code, again.json["id"]) == (200, made.json["id"])
    path = f"/api/v1/adhesions/{made.json['id']}"
    assert api(centre).get(f"{path}/signed-file").data == PDF
    assert api(holder).get(path).status_code == 404
    assert [each["id"] for each in api(centre).get("/api/v1/adhesions").json["items"]] == [made.json["id"]]
    assert api(holder).get("/api/v1/adhesions").json["items"] == []
    ended = api(centre).post(f"{path}/end", json={"reason": "Départ du groupe"})
    assert (ended.status_code, ended.json["end_reason"]) == (200, "Départ du groupe")


def test_the_page_shows_the_text_with_its_hash_and_takes_the_signature(sign_in, api, running):
    contract, site, member, _centre, _holder = running
    path = f"/marches/{contract.lot.vehicle_id}/adhesions"
    browser = sign_in(member)
    page = text_of(browser.get(path))
    convention = (
        api(member).get(f"/api/v1/vehicles/{contract.lot.vehicle_id}/convention?organisation_id={site.organisation_id}").json
    )
    assert convention["sha256"] in page and "adhérer n&#39;engage aucun volume" in page
    refused = browser.post(path, data={"organisation_id": site.organisation_id, "convention_sha256": "0" * 64},
                           follow_redirects=True)  # fmt: skip
    assert "relisez-la, puis signez" in text_of(refused)
    form = {"organisation_id": site.organisation_id, "convention_sha256": convention["sha256"]}
    assert "votre organisation adhère" in text_of(browser.post(path, data=form, follow_redirects=True))
    assert browser.post(path, data={**form, "organisation_id": "x"}).status_code == 404
    assert "a signé la convention" in text_of(browser.get(f"/contrats/{contract.contract.id}"))


def test_the_centre_lists_its_members_and_ends_one_with_a_reason(sign_in, api, running):
    contract, site, member, centre, holder = running
    vehicle = f"/api/v1/vehicles/{contract.lot.vehicle_id}"
    own = site.organisation_id
    sha256 = api(member).get(f"{vehicle}/convention?organisation_id={own}").json["sha256"]
    form = {"organisation_id": own, "convention_sha256": sha256, "signed_file": (BytesIO(PDF), "convention.pdf")}
    adhesion = api(member).post(f"{vehicle}/adhesions", data=form, content_type="multipart/form-data").json["id"]
    path = f"/marches/{contract.lot.vehicle_id}/adhesions"
    browser = sign_in(centre)
    assert "Adhérents" in text_of(browser.get(path))
    assert browser.get(f"/marches/adhesions/{adhesion}/convention-signee.pdf").data == PDF
    assert "1 organisation membre sur 2 a signé" in text_of(browser.get(f"/contrats/{contract.contract.id}"))
    end = f"/marches/adhesions/{adhesion}/fin"
    assert "Écrivez pourquoi" in text_of(browser.post(end, data={"reason": " "}, follow_redirects=True))
    assert "Adhésion terminée" in text_of(browser.post(end, data={"reason": "Départ"}, follow_redirects=True))
    assert "Départ" in text_of(browser.get(path))
    assert sign_in(holder).post(end, data={"reason": "Non"}).status_code in (403, 404)


def test_the_page_and_the_list_of_a_centre_cost_the_same_with_many_adhesions(sign_in, api, running, count_queries):
    contract, _site, _member, centre, _holder = running
    vehicle_id = contract.lot.vehicle_id
    browser, client = sign_in(centre), api(centre)

    def statements() -> list[int]:
        counts = []
        for read, path in ((browser, f"/marches/{vehicle_id}/adhesions"), (client, "/api/v1/adhesions")):
            with count_queries() as sent:
                assert read.get(path).status_code == 200
            counts.append(len(sent))
        return counts

    AdhesionFactory(vehicle_id=vehicle_id, organisation_id=OrganisationFactory().id)
    statements()
    few = statements()
    for number in range(7):
        ended = {"ended_at": clock.now(), "end_reason": "Départ"} if number % 2 else {}
        paper = StoredFileFactory().id if number % 3 else None
        AdhesionFactory(
            vehicle_id=vehicle_id, organisation_id=OrganisationFactory().id, signed_file_id=paper, **ended
        )
    assert statements() == few
    assert len(client.get("/api/v1/adhesions").json["items"]) == 8


def test_somebody_of_many_organisations_reads_its_adhesions_at_the_price_of_one(sign_in, running, session, count_queries):
    contract, _site, member, _centre, _holder = running
    path = f"/marches/{contract.lot.vehicle_id}/adhesions"
    more = [OrganisationFactory(kind="care_operator") for _ in range(4)]
    browser = sign_in(member)

    def statements() -> int:
        with count_queries() as sent:
            page = text_of(browser.get(path))
        assert "Convention à signer" in page
        return len(sent)

    statements()
    one = statements()
    for organisation in more:
        MembershipFactory(user_id=member.id, organisation_id=organisation.id, roles=["signatory"])
    AdhesionFactory(vehicle_id=contract.lot.vehicle_id, organisation_id=more[0].id)
    assert statements() == one


def test_the_desk_costs_the_same_where_the_convention_is_required(sign_in, running, session, count_queries):
    contract, site, member, _centre, _holder = running
    session.get_one(Vehicle, contract.lot.vehicle_id).requires_convention = True
    session.commit()
    browser = sign_in(member)

    def statements() -> int:
        with count_queries() as sent:
            assert browser.get("/commandes").status_code == 200
        return len(sent)

    statements()
    one = statements()
    for _ in range(4):
        sister = EstablishmentFactory(organisation_id=site.organisation_id)
        ContractMemberFactory(
            contract_id=contract.contract.id, establishment_id=sister.id, organisation_id=site.organisation_id
        )
    assert statements() == one
