"""What a fee costs is said before it is signed, where it is owed, and to whoever pays it."""
import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.platform import clock
from tests.factories.contracts import contract_on, decided_lot, running_vehicle
from tests.factories.demand import clinic


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")


@pytest.fixture
def made(app: Any, session: Session) -> Any:
    """A contract with a fee of 120 € on a decided lot, and its parties."""

    def make(kind: str, payer: str = "member", **columns: Any) -> Any:
        with app.app_context():
            vehicle = running_vehicle(regime="private", allows_late_joining=True)
            decided = decided_lot(vehicle_id=vehicle.id)
            return decided, contract_on(
                decided, **{"fee_kind": kind, "fee_payer": payer, "fee_value": Decimal(120), **columns}
            ).contract

    return make


def test_the_centre_reads_when_each_kind_of_fee_falls_due_before_it_concludes_and_signs(session, sign_in, made):
    decided, contract = made("flat_yearly", activated_at=None, signed_on=None, signed_file_id=None)
    browser = sign_in(session.get_one(User, decided.centre.user_id))
    signing = text_of(browser.get(f"/contrats/{contract.id}/signature"))
    assert "120 € HT par an, payée par chaque organisation membre" in signing
    assert "en entier, même si le contrat s'arrête" in signing


def test_the_contract_page_says_the_fee_to_who_pays_it_with_its_next_day(session, sign_in, made):
    following = clock.today() + timedelta(days=365)
    decided, contract = made("flat_yearly", payer="provider", next_fee_on=following)
    page = f"/contrats/{contract.id}"
    holder = text_of(sign_in(session.get_one(User, decided.holder.user_id)).get(page))
    assert "120 € HT par an, payée par le titulaire" in holder and "Prochaine année due le" in holder
    assert "/facturation/a-payer" in holder and f"{page}/decompte" in holder
    member = text_of(sign_in(session.get_one(User, decided.members[0][1].user_id)).get(page))
    assert "Redevance de la centrale" not in member


def test_who_joins_late_reads_the_contracts_fee_before_signing(app, session, sign_in, api, made):
    decided, contract = made("entry")
    with app.app_context():
        site, actor = clinic()
    user = session.get_one(User, actor.user_id)
    asked = {"establishment_id": str(site.id), "quantity": "50"}
    quote = api(user).get(f"/api/v1/lots/{decided.lot.id}/late-joining", query_string=asked).json
    fee = {"reference": contract.reference, "kind": "entry", "value": "120.0000"}
    assert quote["contract_fees"] == [fee], quote
    browser = sign_in(user)
    shown = text_of(browser.get(f"/lots/{decided.lot.id}/rejoindre", query_string={"quantity": "50"}))
    assert f"la redevance du contrat {contract.reference} : 120 € HT à l'entrée, payée par chaque organisation membre" in shown


def test_a_convention_says_what_it_costs_beside_its_signature_and_in_the_api(app, session, sign_in, api):
    with app.app_context():
        vehicle = running_vehicle(membership_fee=Decimal(600))
        site, actor = clinic()
    user = session.get_one(User, actor.user_id)
    browser, page = sign_in(user), f"/marches/{vehicle.id}/adhesions"
    shown = text_of(browser.get(page))
    assert "à payer 600,00 € HT (720,00 € TTC) par an" in shown
    api_page = f"/api/v1/vehicles/{vehicle.id}/convention?organisation_id={site.organisation_id}"
    convention = api(user).get(api_page).json
    assert convention["yearly_fee"] == "600.00"
    browser.post(page, data={"organisation_id": site.organisation_id, "convention_sha256": convention["sha256"]})
    assert "600,00 € HT par an" in text_of(browser.get(page)) and "prochaine le" in text_of(browser.get(page))
    (adhesion,) = api(user).get("/api/v1/adhesions").json["items"]
    assert (adhesion["yearly_fee"], adhesion["next_fee_on"] > clock.today().isoformat()) == ("600.00", True)
