"""What-if with another deadline: an early closing, the published extension, who has left by then, who can answer then."""
import html
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from marketplace.grappes.models import GrappeMembership
from marketplace.platform import clock
from tests.factories import catalog as make
from tests.factories.demand import open_pool
from tests.factories.grappes import grappe_of, site_and_user
from tests.http.test_what_if_others import asks, grappe_with, need, put, suppose


def closing_day(lot: Any, days: int = 0) -> date:
    return clock.paris(lot.needs_close_at).date() + timedelta(days=days)


def leave(session: Session, site: Any, leaves_on: date) -> None:
    """The site gave notice to its grappe."""
    membership = session.query(GrappeMembership).filter_by(establishment_id=site.id).one()
    membership.is_coordinator, membership.notice_given_at, membership.leaves_on = False, clock.now(), leaves_on
    session.commit()


def test_earlier_a_lot_closes_only_with_its_minimum(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, requirements={})
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    sooner = closing_day(lot, -10).isoformat()
    short = suppose(api, user, lot, site, closes_on=sooner).get_json()
    assert (short["deadline"]["kind"], short["deadline"]["could_close"], short["missing"]) == ("earlier", False, 300)
    met = suppose(api, user, lot, site, quantity=500, closes_on=sooner).get_json()
    assert (met["deadline"]["could_close"], met["is_met"], met["extension"]) == (True, True, None)
    same = suppose(api, user, lot, site, closes_on=closing_day(lot).isoformat()).get_json()
    assert (same["deadline"]["kind"], same["deadline"]["closes_on"]) == ("same", closing_day(lot).isoformat())
    assert suppose(api, user, lot, site, quantity=5).get_json()["deadline"] is None


def test_later_is_the_published_extension_and_nothing_beyond_it(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_policy=["extend", "release"], extension_days=10)
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    need(api, lot, 150, **asks(340))
    found = suppose(api, user, lot, site, closes_on=closing_day(lot, 6).isoformat()).get_json()
    assert (found["deadline"]["kind"], found["firm"], found["conditional"]) == ("later", 200, 0)
    assert (found["extension"]["own"], found["extension"]["if_confirmed"]["conditional"]) == ("stays", 150)
    beyond = suppose(api, user, lot, site, closes_on=closing_day(lot, 11).isoformat()).get_json()
    assert beyond["code"] == "deadline_beyond_extension"
    after = suppose(api, user, lot, site, closes_on=(lot.vehicle.ends_on + timedelta(days=1)).isoformat()).get_json()
    assert after["code"] == "deadline_after_the_end"
    fixed = open_pool(minimum=500, minimum_policy=["release"])
    refused = suppose(api, user, fixed, site, closes_on=closing_day(fixed, 1).isoformat()).get_json()
    assert refused["code"] == "extension_not_planned"


def test_a_day_that_is_over_or_no_extension_is_said_beside_the_field(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_policy=["extend", "release"])
    site, user = site_and_user()
    over = suppose(api, user, lot, site, closes_on=(clock.today() - timedelta(days=1)).isoformat())
    both = suppose(api, user, lot, site, closes_on=closing_day(lot, -2).isoformat(), extension="true")
    assert [(each.status_code, list(each.get_json()["errors"])) for each in (over, both)] == [(422, ["closes_on"])] * 2
    assert suppose(api, user, lot, site, closes_on="bientôt").status_code == 422


def test_who_leaves_ones_own_grappe_by_then_no_longer_counts(api: Any, session: Session) -> None:
    lot = open_pool(minimum=500, maximum=None, requirements={}, minimum_scope="grappe")
    site, user = site_and_user()
    mate, mates_user = site_and_user()
    grappe = grappe_of(site, mate)
    through = {"grappe_id": str(grappe.id)}
    put(api, user, lot, site, 200, **through)
    put(api, mates_user, lot, mate, 320, **through, **asks(400))
    leave(session, mate, closing_day(lot, -5))
    stays = suppose(api, user, lot, site, closes_on=closing_day(lot, -6).isoformat()).get_json()
    assert (stays["conditional"], stays["is_met"], stays["deadline"]["departures"]) == (320, True, 0)
    gone = suppose(api, user, lot, site, closes_on=closing_day(lot).isoformat()).get_json()
    assert (gone["firm"], gone["conditional"], gone["missing"], gone["conditions_open"]) == (200, 0, 300, False)
    assert (gone["deadline"]["departures"], gone["deadline"]["departing"], gone["deadline"]["own_leaves"]) == (1, 320, False)
    own = suppose(api, mates_user, lot, mate, quantity=900, closes_on=closing_day(lot).isoformat()).get_json()
    assert (own["deadline"]["own_leaves"], own["need_status"], own["conditional"]) == (True, None, 0)
    named = suppose(
        api, user, lot, site, closes_on=closing_day(lot).isoformat(), leaving_establishment_id=str(mate.id)
    ).get_json()
    assert (named["conditional"], named["deadline"]["departures"]) == (0, 0)


def test_a_notice_in_somebody_elses_grappe_is_not_told(api: Any, session: Session) -> None:
    lot = open_pool(minimum=500, maximum=None, requirements={})
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    large = grappe_with(api, lot, 4, 50, "Ailleurs")
    member = session.query(GrappeMembership).filter_by(grappe_id=large.id, is_coordinator=False).first()
    assert member is not None
    member.notice_given_at, member.leaves_on = clock.now(), closing_day(lot, -5)
    session.commit()
    found = suppose(api, user, lot, site, closes_on=closing_day(lot).isoformat()).get_json()
    assert (found["firm"], found["deadline"]["departures"]) == (400, 0)


def test_who_can_answer_is_looked_at_on_that_day(api: Any, session: Session) -> None:
    lot = open_pool(minimum=100, maximum=None, requirements={})
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    cheap, steady = make.ProviderFactory(), make.ProviderFactory()
    for provider, price in ((cheap, "3.00"), (steady, "4.00")):
        make.published_offer([(1, Decimal(price))], provider_id=provider.id, minimum_quantity=1)
    cheap.suspended_until, cheap.suspension_reason = closing_day(lot, -3), "Attestation attendue"
    session.commit()
    prices = {}
    for days in (-4, -2):
        found = suppose(api, user, lot, site, closes_on=closing_day(lot, days).isoformat()).get_json()
        prices[days] = found["unit_price_before"], found["unit_price_after"], found["deadline"]["providers_after"]
        assert found["deadline"]["providers_before"] == 1
    assert prices == {-4: ("4.0000", "4.0000", 1), -2: ("4.0000", "3.0000", 2)}


def test_the_page_explains_the_date(api: Any) -> None:
    lot = open_pool(minimum=500, maximum=None, minimum_policy=["extend", "release"], extension_days=10)
    site, user = site_and_user()
    put(api, user, lot, site, 200)
    address = f"/lots/{lot.id}/simulation"
    query = {"establishment_id": str(site.id), "closes_on": closing_day(lot, -3).isoformat()}
    page = html.unescape(api(user).get(address, query_string=query).get_data(as_text=True))
    assert "la centrale ne le peut pas, il manque 300" in page
    assert "Aucun départ annoncé dans vos grappes" in page
    beyond = api(user).get(address, query_string={**query, "closes_on": closing_day(lot, 30).isoformat()})
    assert "La prolongation publiée s'arrête le" in html.unescape(beyond.get_data(as_text=True))
    unread = api(user).get(address, query_string={**query, "closes_on": "demain"})
    assert "Écrivez une date" in html.unescape(unread.get_data(as_text=True))
