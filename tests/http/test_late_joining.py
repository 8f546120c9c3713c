"""Joining a closed lot over HTTP and on its page: simulated, signed, booked, told; refused with the legal reason."""
import html
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.billing.models import Charge
from marketplace.platform import clock
from marketplace.platform.outbox.models import OutboxRow
from marketplace.platform.permissions import SYSTEM
from tenders.demand.envelopes.models import EnvelopeEntry
from tenders.demand.joining.models import LateJoining
from tenders.demand.models import Need
from tenders.demand.services import close_lot
from tenders.vehicles.models import Vehicle
from tests.factories import catalog as make
from tests.factories.accounts import user_in
from tests.factories.demand import assert_totals_are_true, open_pool, vehicle_of
from tests.factories.grappes import grappe_of, site_and_user


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")


@pytest.fixture
def closed(app: Any, api: Any, session: Session) -> Any:
    """Close a lot of a vehicle that may be joined late, with 600 units kept of 500 asked for at least."""

    def close(**columns: Any) -> Any:
        vehicle = {"opened_at": clock.now(), "starts_on": clock.today() - timedelta(days=1), "allows_late_joining": True}
        for name in ("allows_late_joining", "regime", "late_joining_fee"):
            if name in columns:
                vehicle[name] = columns.pop(name)
        on = vehicle_of(**{"regime": "private", **vehicle})
        lot = open_pool(**{"minimum": 500, "maximum": 1000, "requirements": {}, "vehicle_id": on.id, **columns})
        site, user = site_and_user()
        firm = {"firmness": "firm", "price_ceiling": "4.10"}
        asked = firm if lot.takes_firm_needs else {"firmness": "conditional", "condition": {"minimum_pool_quantity": 1}}
        body = {"quantity": 600, **asked}
        assert api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=body).status_code in (200, 201)
        with clock.frozen_at(lot.needs_close_at), app.app_context():
            close_lot(SYSTEM, lot.id)
        session.expire_all()
        return lot

    return close


def join(api: Any, user: Any, lot: Any, site: Any, quantity: int, **more: Any) -> Any:
    return api(user).put(f"/api/v1/lots/{lot.id}/late-joinings/{site.id}", json={"quantity": quantity, **more})


def ask(api: Any, user: Any, lot: Any, site: Any, quantity: int, **more: Any) -> Any:
    query = {"establishment_id": str(site.id), "quantity": quantity, **more}
    return api(user).get(f"/api/v1/lots/{lot.id}/late-joining", query_string=query)


def test_joining_is_simulated_then_signed_booked_and_told(api: Any, session: Session, closed: Any) -> None:
    make.published_offer([(1, 5), (700, 4)], provider_id=make.ProviderFactory().id, minimum_quantity=1)
    lot = closed(late_joining_fee=150)
    site, user = site_and_user()
    told = ask(api, user, lot, site, 200).get_json()
    assert (told["months"], told["remaining"], told["remaining_after"]) == (36, 400, 200)
    assert (told["unit_price_before"], told["unit_price_after"]) == ("5.0000", "4.0000")
    assert (told["bracket_after"]["from_quantity"], told["fee"]) == (700, {"excl_vat": "150.00", "incl_vat": "180.00"})
    assert told["exposure"] == {"excl_vat": "29520.00", "incl_vat": "35424.00", "months": 36}
    assert session.get(LateJoining, (lot.id, site.id)) is None
    done = join(api, user, lot, site, 200)
    assert (done.status_code, done.get_json()["exposure"]) == (201, told["exposure"])
    again = join(api, user, lot, site, 200)
    assert (again.status_code, again.get_json()) == (200, done.get_json())
    assert join(api, user, lot, site, 201).get_json()["code"] == "already_joined"
    session.expire_all()
    need = session.get_one(Need, (lot.id, site.id))
    assert (need.status, need.ordered_quantity, need.decision_code) == ("counted", 200, "joined_late")
    entry = session.get_one(EnvelopeEntry, (lot.id, done.get_json()["envelope_entry"]))
    assert (entry.kind, entry.quantity, entry.reason, str(entry.amount)) == ("committed", 200, "joined_late", "29520.00")
    charge = session.scalars(select(Charge)).one()
    assert (charge.kind, charge.amount, charge.payer_organisation_id) == ("entry_fee", 150, site.organisation_id)
    rows = session.scalars(select(OutboxRow.payload)).all()
    assert {"joined_late", "joined_late_centre"} <= {row.get("template") for row in rows}
    assert_totals_are_true(session)


def test_a_vehicle_whose_buyers_are_listed_says_the_legal_reason(api: Any, sign_in: Any, closed: Any) -> None:
    lot = closed(allows_late_joining=False, regime="public_code")
    site, user = site_and_user()
    for refused in (ask(api, user, lot, site, 5), join(api, user, lot, site, 5)):
        assert (refused.status_code, refused.get_json()["code"]) == (409, "buyers_listed_before_publication")
    page = text_of(sign_in(user).get(f"/lots/{lot.id}/rejoindre"))
    assert "seuls les acheteurs identifiés dans la consultation peuvent commander" in page and "Signer" not in page


def test_an_open_lot_and_one_whose_term_is_over_are_not_joined(api: Any, closed: Any) -> None:
    site, user = site_and_user()
    assert join(api, user, open_pool(), site, 5).get_json()["code"] == "late_joining_not_met"
    lot = closed(term_months=1)
    with clock.frozen_at(clock.now() + timedelta(days=40)):
        assert join(api, user, lot, site, 5).get_json()["code"] == "late_joining_over"


def test_the_maximum_packs_and_other_pools_hold_for_latecomers_too(api: Any, session: Session, closed: Any) -> None:
    lot = closed(order_multiple=100)
    site, user = site_and_user()
    full = join(api, user, lot, site, 500).get_json()
    assert (full["code"], full["available"]) == ("late_joining_no_room", 400)
    assert join(api, user, lot, site, 150).get_json()["code"] == "not_whole_packs"
    elsewhere = open_pool()
    api(user).put(f"/api/v1/lots/{elsewhere.id}/needs/{site.id}", json={"quantity": 5, "firmness": "firm"})
    assert join(api, user, lot, site, 100).get_json()["code"] == "already_pooled_elsewhere"
    member, members_user = site_and_user()
    grappe = grappe_of(member, site_and_user()[0])
    only_grappes = closed(minimum=None)
    session.get_one(Vehicle, only_grappes.vehicle_id).allows_individual_needs = False
    session.commit()
    assert join(api, members_user, only_grappes, member, 5).get_json()["code"] == "grappe_required"
    through = join(api, members_user, only_grappes, member, 5, grappe_id=str(grappe.id))
    assert (through.status_code, through.get_json()["grappe_id"]) == (201, str(grappe.id))


def test_only_a_signatory_of_the_site_joins(api: Any, session: Session, closed: Any) -> None:
    lot = closed()
    site, _ = site_and_user()
    buyer = user_in(session.get_one(Organisation, site.organisation_id), ("buyer",))
    stranger = site_and_user()[1]
    assert [join(api, each, lot, site, 5).status_code for each in (buyer, stranger, None)] == [403, 403, 401]
    assert [ask(api, each, lot, site, 5).status_code for each in (buyer, stranger, None)] == [200, 403, 401]


def test_without_a_reference_price_the_signature_names_its_ceiling(api: Any, closed: Any) -> None:
    lot = closed(minimum=None, maximum=None, takes_firm_needs=False, reference_unit_price=None)
    site, user = site_and_user()
    assert ask(api, user, lot, site, 5).get_json()["exposure"]["excl_vat"] is None
    assert join(api, user, lot, site, 5).get_json()["code"] == "reference_price_required_to_sign"
    assert ask(api, user, lot, site, 5, price_ceiling="4").get_json()["exposure"]["excl_vat"] == "720.00"
    done = join(api, user, lot, site, 5, price_ceiling="4")
    assert (done.status_code, done.get_json()["exposure"]["excl_vat"]) == (201, "720.00")


def test_the_page_simulates_signs_once_and_then_says_so(sign_in: Any, session: Session, closed: Any) -> None:
    lot = closed(late_joining_fee=150)
    site, user = site_and_user()
    browser, page = sign_in(user), f"/lots/{lot.id}/rejoindre"
    assert page in browser.get(f"/lots/{lot.id}").get_data(as_text=True)
    shown = text_of(browser.get(page, query_string={"quantity": "200"}))
    assert "s'engage sur 200 postes pendant 36 mois, soit 35 424 € TTC au plus" in shown and "180 € TTC" in shown
    wrong = text_of(browser.get(page, query_string={"quantity": "dix"}))
    assert 'id="quantity-error"' in wrong and "Signer et rejoindre" not in wrong
    too_many = text_of(browser.get(page, query_string={"quantity": "401"}))
    assert "Il reste 400 postes" in too_many
    form = {"quantity": "200", "establishment_id": str(site.id)}
    assert browser.post(page, data=form).status_code == 302
    assert session.get_one(LateJoining, (lot.id, site.id)).quantity == 200
    assert "a déjà rejoint ce marché pour 200 postes" in text_of(browser.get(page))
    refused = browser.post(page, data=form | {"quantity": "5"}, follow_redirects=True)
    assert "participe déjà à ce lot pour 200" in text_of(refused)
