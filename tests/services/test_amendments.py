"""Amendments by their use cases: what each kind changes, from which day, what is refused, and who is told."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from catalog.offers.rules import Bracket, PriceGrid
from marketplace.platform import clock
from marketplace.platform.errors import BadInput, NotAllowed, NotFound, RuleBroken
from marketplace.platform.files import read_upload
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.queries import get_amendment
from tenders.contracts.amendments.rules.wanted import NewFormula
from tenders.contracts.amendments.services import sign_amendment, take_effect_due, withdraw_amendment
from tenders.contracts.fees.services import charge_due_years
from tenders.contracts.indexation.models import ContractFormula
from tenders.contracts.indexation.queries import factors_on, find_formula
from tenders.contracts.indexation.rules import Formula
from tenders.contracts.indexation.services import enter_index, revise
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.settlement.services import settle_contract
from tenders.demand.envelopes.queries import get_envelope
from tenders.demand.joining.services import join_late
from tests.factories.amendments import PAPER, contract_under, drafted, signed
from tests.factories.demand import clinic
from tests.factories.ordering import order

DEARER = PriceGrid("all_units", (Bracket(1, None, Decimal("7.50")),), Decimal(0), {})


@pytest.fixture(autouse=True)
def ready(app, session, files_folder):
    with app.test_request_context("/"):
        yield


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def now(session, running) -> Contract:
    session.expire_all()
    return session.get_one(Contract, running.contract.id)


def in_days(days: int):
    return clock.frozen_at(clock.now() + timedelta(days=days))


def test_a_maximum_is_raised_for_the_contract_and_for_its_lot(session):
    running = contract_under()
    made = signed(running, maximum_quantity=2500)
    assert (made.number, made.effective_on, made.value_change) == (1, clock.today(), Decimal("90000.00"))
    assert made.changes == {"maximum_quantity": {"before": 2000, "after": 2500}}
    contract = now(session, running)
    assert (contract.maximum_quantity, contract.amendments, contract.amendments_in_force) == (2500, 1, 1)
    assert get_envelope(session, running.lot.id).balance.maximum == 2500
    site, actor = running.members[0]
    assert order(site, actor, running.lot.id, 2400).quantity == 2400
    told = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = 'amendment_signed'")).one()
    assert told["values"]["number"] == 1 and len(told["organisation_ids"]) == 3


def test_a_lowered_maximum_stops_orders_and_never_falls_below_them(session):
    running = contract_under()
    site, actor = running.members[0]
    order(site, actor, running.lot.id, 950)
    assert refusal(drafted, running, maximum_quantity=940).code == "amendment_below_ordered"
    signed(running, maximum_quantity=1000)
    refused = refusal(order, site, actor, running.lot.id, 60)
    assert (refused.code, refused.details["available"]) == ("envelope_exhausted", 50)
    assert get_envelope(session, running.lot.id).balance.maximum == 2000


def test_what_was_ordered_meanwhile_is_looked_at_again_at_signature():
    running = contract_under()
    draft = drafted(running, maximum_quantity=1000)
    site, actor = running.members[0]
    order(site, actor, running.lot.id, 1100)
    refused = refusal(sign_amendment, running.centre, draft.id, PAPER, clock.today())
    assert (refused.code, refused.details["ordered"]) == ("amendment_below_ordered", 1100)


def test_a_new_grid_prices_orders_from_its_day_on_and_leaves_earlier_ones_alone(session):
    running = contract_under()
    site, actor = running.members[0]
    before = order(site, actor, running.lot.id, 10)
    signed(running, "prices", grid=DEARER, wanted_on=clock.today() + timedelta(days=30), acknowledgement="Accord des membres.")
    assert order(site, actor, running.lot.id, 10).unit_price == before.unit_price
    with in_days(30):
        after = order(site, actor, running.lot.id, 10)
        assert after.unit_price == Decimal("7.5000")
        assert take_effect_due(clock.now()) == 0
    contract = now(session, running)
    assert contract.amendments_in_force == 1 and contract.price_grid.brackets == DEARER.brackets
    assert session.scalars(text("SELECT unit_price FROM call_offs WHERE number = 1")).one() == before.unit_price
    assert session.scalars(select(ContractMember.unit_price).distinct()).all() == [Decimal("7.5000")]


def test_the_scheduler_brings_into_force_what_is_due(session):
    running = contract_under()
    signed(running, maximum_quantity=2500, wanted_on=clock.today() + timedelta(days=10))
    assert take_effect_due(clock.now()) == 0
    assert now(session, running).maximum_quantity == 2000
    with in_days(10):
        assert take_effect_due(clock.now()) == 1
    assert now(session, running).maximum_quantity == 2500


def test_prices_beyond_what_members_signed_up_to_are_acknowledged():
    running = contract_under()
    draft = drafted(running, "prices", grid=DEARER)
    refused = refusal(sign_amendment, running.centre, draft.id, PAPER, clock.today())
    assert refused.code == "amendment_needs_acknowledgement"
    made = sign_amendment(running.centre, draft.id, PAPER, clock.today(), acknowledgement="Accord écrit des deux membres.")
    assert made.acknowledgement == "Accord écrit des deux membres." and len(made.assessment["warnings"]) == 1


def test_a_threshold_of_the_code_is_named_with_its_figures_and_must_be_acknowledged(session):
    running = contract_under("public_code")
    signed(running, maximum_quantity=2100)
    draft = drafted(running, maximum_quantity=2240)
    refused = refusal(sign_amendment, running.centre, draft.id, PAPER, clock.today())
    (warning,) = refused.details["warnings"].values.values()
    assert (refused.code, warning.code) == ("amendment_needs_acknowledgement", "amendments_above_share")
    assert (warning.values["share"], warning.values["article"]) == (Decimal(12), "R2194-8")
    made = sign_amendment(running.centre, draft.id, PAPER, clock.today(), acknowledgement="Urgence, avis du service juridique.")
    assert made.assessment["initial"] == {"$decimal": "360000.00"}
    with pytest.raises(BadInput):
        drafted(running, maximum_quantity=2300, legal_basis="mutual_agreement")


def test_the_minimum_and_the_fee_are_those_of_the_version_in_force(session):
    running = contract_under()
    signed(running, "minimum", minimum_quantity=500)
    signed(running, "fee", fee=Fee("percent_of_call_offs", "provider", Decimal(3)))
    contract = now(session, running)
    assert (contract.minimum_quantity, contract.fee_kind, contract.fee_value) == (500, "percent_of_call_offs", Decimal(3))
    assert refusal(drafted, running, "minimum", minimum_quantity=500).code == "amendment_changes_nothing"
    assert refusal(drafted, running, "minimum", minimum_quantity=2001).code == "minimum_above_maximum"
    with in_days((contract.ends_on - clock.today()).days + 1):
        settled, _ = settle_contract(running.centre, contract.id)
    assert (settled.minimum, settled.lacking) == (500, 500)


def charges(session) -> list[tuple[str, Decimal]]:
    return [tuple(row) for row in session.execute(text("SELECT kind, amount FROM charges ORDER BY kind, amount"))]


def test_another_fee_is_owed_from_its_day_on_and_what_fell_due_before_stays(session):
    running = contract_under(starts_on=clock.today() - timedelta(days=10))
    signed(running, "fee", fee=Fee("entry", "member", Decimal(150)))
    assert charges(session) == [("entry_fee", Decimal(150))] * 2
    signed(running, "fee", fee=Fee("entry", "member", Decimal(200)))
    assert len(charges(session)) == 2
    signed(running, "fee", fee=Fee("flat_yearly", "provider", Decimal(900)))
    assert now(session, running).next_fee_on > clock.today() and charge_due_years(clock.now()) == 0
    with in_days(400):
        signed(running, "fee", fee=Fee("flat_yearly", "provider", Decimal(1000)))
        assert charge_due_years(clock.now()) == 0
    assert charges(session)[2:] == [("yearly_fee", Decimal(900))]
    with in_days(760):
        assert charge_due_years(clock.now()) == 1
    assert charges(session)[3:] == [("yearly_fee", Decimal(1000))]


def test_a_term_is_moved_within_its_vehicle_and_with_a_reason_beyond_the_usual(session):
    running = contract_under("public_code", maximum_duration_months=37)
    contract = running.contract
    later = contract.ends_on + timedelta(days=60)
    assert refusal(drafted, running, "term", ends_on=later).code == "contract_duration_needs_reason"
    beyond = contract.ends_on + timedelta(days=4000)
    assert refusal(drafted, running, "term", ends_on=beyond, duration_reason="x").code == "contract_outside_vehicle"
    assert refusal(drafted, running, "term", ends_on=clock.today() - timedelta(days=1)).code == "term_before_effect"
    signed(running, "term", ends_on=later, duration_reason="Fin de migration des sites.")
    contract = now(session, running)
    assert (contract.ends_on, contract.duration_reason) == (later, "Fin de migration des sites.")


def test_members_join_where_the_vehicle_allows_it_and_leave_with_nothing_owed(session):
    closed = contract_under("public_code")
    site, _actor = clinic()
    assert refusal(drafted, closed, "members", added=(site.id,)).code == "buyers_listed_before_publication"
    running = contract_under("private", allows_late_joining=True, starts_on=clock.today() - timedelta(days=9))
    newcomer, person = clinic()
    made = signed(running, "members", added=(newcomer.id,))
    assert made.changes == {"added": {"before": [], "after": [str(newcomer.id)]}}
    assert order(newcomer, person, running.lot.id, 5).quantity == 5
    with pytest.raises(BadInput):
        drafted(running, "members", added=(newcomer.id,))
    with pytest.raises(BadInput):
        drafted(running, "members", removed=(site.id,))
    with pytest.raises(NotFound):
        drafted(running, "members", added=(running.contract.id,))
    owing = running.members[0][0]
    assert refusal(drafted, running, "members", removed=(owing.id,)).code == "member_still_committed"
    with in_days(3):
        signed(running, "members", removed=(newcomer.id,))
        assert refusal(order, newcomer, person, running.lot.id, 5).code == "member_not_entitled"


def formula(base: str, day) -> NewFormula:
    return NewFormula("SYNTEC", day, Formula(Decimal(base), Decimal("0.5"), Decimal("0.5"), 1))


def test_a_new_formula_carries_the_factor_and_multiplies_an_amended_grid(session):
    started = clock.today() - timedelta(days=200)
    running = contract_under(starts_on=started)
    contract, today = running.contract, clock.today()
    session.add(ContractFormula(
        contract_id=contract.id, index_code="SYNTEC", base_month=started.replace(day=1), base_value=Decimal(100),
        fixed_share=Decimal("0.5"), indexed_share=Decimal("0.5"), interval_months=1,
    ))  # fmt: skip
    session.commit()
    enter = {"organisation_id": contract.organisation_id, "code": "SYNTEC", "source": "syntec.fr"}
    enter_index(running.centre, month=today, value=Decimal(120), **enter)
    revise(running.centre, contract.id, month=today, effective_on=today)
    assert factors_on(session, [contract.id], today)[contract.id] == Decimal("1.1000")
    site, actor = running.members[0]
    signed(running, "indexation", formula=formula("120", today))
    assert order(site, actor, running.lot.id, 10).unit_price == Decimal("5.5000")
    signed(running, "prices", grid=DEARER, acknowledgement="Accord des membres.")
    assert order(site, actor, running.lot.id, 10).unit_price == Decimal("8.2500")
    with in_days(60):
        enter_index(running.centre, month=clock.today(), value=Decimal(132), **enter)
        made = revise(running.centre, contract.id, month=clock.today(), effective_on=clock.today())
    assert (made.formula_number, made.factor) == (2, Decimal("1.1550"))
    assert find_formula(session, contract.id).carried == Decimal("1.1000")


def test_revisions_and_a_formula_to_come_do_not_cross(session):
    running = contract_under(starts_on=clock.today() - timedelta(days=200))
    contract, today = running.contract, clock.today()
    signed(running, "indexation", formula=formula("100", today))
    enter = {"organisation_id": contract.organisation_id, "code": "SYNTEC", "source": "syntec.fr"}
    enter_index(running.centre, month=today, value=Decimal(120), **enter)
    soon = today + timedelta(days=90)
    signed(running, "indexation", formula=formula("110", today), wanted_on=soon)
    late = {"month": today, "effective_on": soon}
    assert refusal(revise, running.centre, contract.id, **late).code == "formula_changes_before"
    with in_days((contract.ends_on - today).days + 2):
        refused = refusal(revise, running.centre, contract.id, month=today, effective_on=clock.today())
    assert refused.code == "revision_of_ended_contract"


def test_a_formula_does_not_overtake_a_revision_already_decided(session):
    running = contract_under(starts_on=clock.today() - timedelta(days=200))
    contract, today = running.contract, clock.today()
    signed(running, "indexation", formula=formula("100", today))
    enter_index(
        running.centre, contract.organisation_id, month=today, value=Decimal(120), code="SYNTEC", source="syntec.fr"
    )
    with in_days(40):
        revise(running.centre, contract.id, month=today, effective_on=clock.today() + timedelta(days=10))
        refused = refusal(drafted, running, "indexation", formula=formula("120", today))
    assert refused.code == "revision_already_decided"


def test_the_true_up_prices_what_lacks_as_an_order_on_the_last_day(session):
    running = contract_under()
    contract = running.contract
    signed(running, "indexation", formula=formula("100", clock.today()))
    enter_index(
        running.centre, contract.organisation_id, month=clock.today(), value=Decimal(120), code="SYNTEC", source="syntec.fr"
    )
    with in_days(40):
        revise(running.centre, contract.id, month=clock.today() - timedelta(days=40), effective_on=clock.today())
    with in_days((contract.ends_on - clock.today()).days + 1):
        settled, _ = settle_contract(running.centre, contract.id)
    assert settled.evidence["factor"] == "1.1000"
    assert {share.unit_amount for share in settled.shares} == {Decimal("5.5000") * 36}


def test_a_latecomers_ceiling_is_held_against_the_price_in_force():
    running = contract_under("private", allows_late_joining=True)
    signed(running, "prices", grid=DEARER, acknowledgement="Accord des membres.")
    site, actor = clinic()
    refused = refusal(join_late, actor, running.lot.id, site.id, quantity=10, price_ceiling=Decimal("7.49"))
    assert refused.code == "contract_price_above_ceiling"


def test_drafts_are_of_the_centre_withdrawn_once_and_outdated_by_what_is_signed():
    running = contract_under()
    first, second = drafted(running, maximum_quantity=2100), drafted(running, maximum_quantity=2200)
    third = drafted(running, "other", text="Article 4 : les interventions se font aussi le samedi.")
    for outsider in (running.holder, running.members[0][1]):
        with pytest.raises(NotFound):
            sign_amendment(outsider, first.id, PAPER, clock.today())
        with pytest.raises(NotAllowed):
            drafted_by(outsider, running)
    sign_amendment(running.centre, first.id, PAPER, clock.today())
    assert refusal(sign_amendment, running.centre, second.id, PAPER, clock.today()).code == "amendment_outdated"
    withdraw_amendment(running.centre, second.id)
    assert refusal(withdraw_amendment, running.centre, second.id).code == "amendment_not_a_draft"
    assert refusal(withdraw_amendment, running.centre, first.id).code == "amendment_not_a_draft"
    assert sign_amendment(running.centre, third.id, PAPER, clock.today()).number == 2


def drafted_by(actor, running):
    running.centre, centre = actor, running.centre
    try:
        return drafted(running, maximum_quantity=2100)
    finally:
        running.centre = centre


def test_a_signature_is_a_pdf_of_today_or_before():
    running = contract_under()
    draft = drafted(running, maximum_quantity=2100)
    with pytest.raises(BadInput):
        sign_amendment(running.centre, draft.id, read_upload("avenant.png", b"\x89PNG\r\n\x1a\n fictif"), clock.today())
    with pytest.raises(BadInput):
        sign_amendment(running.centre, draft.id, PAPER, clock.today() + timedelta(days=1))


def test_versions_follow_one_another_and_a_contract_that_is_over_has_no_more(session):
    running = contract_under()
    signed(running, maximum_quantity=2100, wanted_on=clock.today() + timedelta(days=30))
    assert refusal(drafted, running, "other", text="x").code == "amendment_before_previous"
    past = {"text": "x", "wanted_on": clock.today() - timedelta(days=1)}
    assert refusal(drafted, running, "other", **past).code == "amendment_in_the_past"
    with in_days(2000):
        assert refusal(drafted, running, "other", text="x").code == "contract_not_amendable"


@pytest.mark.parametrize(
    "change", ["UPDATE contract_amendments SET reason = 'autre'", "DELETE FROM contract_amendments",
               "UPDATE contract_amendments SET withdrawn_at = now()"],
)  # fmt: skip
def test_what_is_written_is_never_changed(session, change):
    running = contract_under()
    made = signed(running, maximum_quantity=2100)
    with pytest.raises(IntegrityError, match="does not change"):
        session.execute(text(change))
    session.rollback()
    assert get_amendment(session, running.centre, made.id).reason == "Besoin nouveau."
    assert session.scalars(select(Amendment.number)).all() == [1]
