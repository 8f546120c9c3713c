"""A contract's true-up over HTTP and on its page: made by the centre, read by its parties, downloaded, invoiced."""
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from marketplace.accounts.models import User
from marketplace.platform import clock
from tests.factories.accounts import user_in
from tests.factories.invoices import certified_order, invoiced_contract


@pytest.fixture
def running(app, session, files_folder):
    """A contract that consumed 860 of a minimum of 900, and its people: centre, holder, the member who missed, the other."""
    with app.test_request_context("/"):
        contract = invoiced_contract((600, 400), minimum=900)
        certified_order(contract, 450, 0)
        certified_order(contract, 410, 1)
    actors = (contract.centre, contract.holder, contract.members[0][1], contract.members[1][1])
    return contract, [session.get_one(User, actor.user_id) for actor in actors]


@pytest.fixture
def at_the_end(running):
    """The same, the day after the contract's last."""
    contract, people = running
    days = (contract.contract.ends_on - clock.today()).days + 1
    with clock.frozen_at(clock.now() + timedelta(days=days)):
        yield contract, people


def text_of(answer) -> str:
    return answer.get_data(as_text=True)


def test_before_the_term_the_page_says_when_and_the_centre_is_refused(sign_in, running):
    contract, (centre, _holder, member, _other) = running
    path = f"/contrats/{contract.contract.id}/decompte"
    assert "Pas encore de décompte" in text_of(sign_in(member).get(path))
    assert "pas terminé" in text_of(sign_in(centre).post(path, follow_redirects=True))
    assert sign_in(user_in()).get(path).status_code == 404


def test_the_true_up_is_made_once_and_each_reads_its_part(api, at_the_end):
    contract, people = at_the_end
    users = dict(zip(("centre", "holder", "member", "other"), people, strict=True))
    callers = {name: api(user) for name, user in users.items()}
    path = f"/api/v1/contracts/{contract.contract.id}/settlement"
    assert callers["member"].get(path).status_code == 404
    assert callers["holder"].post(path).status_code == 403
    made, again = callers["centre"].post(path), callers["centre"].post(path)
    assert (made.status_code, again.status_code) == (201, 200), made.json
    assert made.json == again.json
    assert (made.json["lacking"], len(made.json["shares"])) == (40, 2)
    assert [share["owed"] for share in callers["member"].get(path).json["shares"]] == [40]
    assert [share["owed"] for share in callers["other"].get(path).json["shares"]] == [0]
    sheet = load_workbook(BytesIO(callers["holder"].get(f"{path}/statement.xlsx").data)).active
    assert sheet.max_row == 4
    assert callers["member"].get(f"{path}/statement.pdf").data.startswith(b"%PDF-")
    buyer = str(contract.members[0][0].organisation_id)
    invoiced = callers["holder"].post(f"{path}/invoices", json={"organisation_id": buyer})
    assert (invoiced.status_code, invoiced.json["excl_vat"]) == (201, made.json["amount"])


def test_the_page_shows_who_owes_what_and_lets_the_holder_invoice(sign_in, at_the_end):
    contract, (centre, holder, member, _other) = at_the_end
    path = f"/contrats/{contract.contract.id}/decompte"
    browsers = [sign_in(user) for user in (centre, holder, member)]
    assert "Établir le décompte" in text_of(browsers[0].get(path))
    assert "Comment ce qui manque est réparti" in text_of(browsers[0].post(path, follow_redirects=True))
    seen = text_of(browsers[2].get(path))
    assert "Vos établissements" in seen
    assert "Facturer ce qui est dû" not in seen
    assert browsers[2].get(f"{path}.pdf").mimetype == "application/pdf"
    assert browsers[2].get(f"{path}.xlsx").status_code == 200
    assert "Facturer ce qui est dû" in text_of(browsers[1].get(path))
    buyer = contract.members[0][0].organisation_id
    answer = browsers[1].post(f"/factures/decomptes/{contract.contract.id}/{buyer}", follow_redirects=True)
    assert "Minimum contractuel non consommé" in text_of(answer)
    twice = browsers[1].post(f"/factures/decomptes/{contract.contract.id}/{buyer}", follow_redirects=True)
    assert "Déjà facturé" in text_of(twice)
