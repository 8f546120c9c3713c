"""The catalogue's use cases and its last guards: frozen offers, gapless grids, one definition of a certificate's state."""
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from catalog.certifications import queries as certificates
from catalog.certifications.models import Certificate, CertificateVersion
from catalog.certifications.rules.states import state_on
from catalog.offers import queries, services
from catalog.offers.models import Offer, OfferBracket
from catalog.providers import services as providers
from catalog.providers import suspensions
from marketplace.platform import clock
from marketplace.platform.audit.models import AuditEvent
from marketplace.platform.errors import Conflict, NotAllowed, NotFound, RuleBroken
from marketplace.platform.http import conflict_of
from tests.factories import accounts as accounts
from tests.factories import catalog as make
from tests.factories.base import refreshed

STEPS = [{"from_quantity": 1, "unit_price": Decimal("6")}, {"from_quantity": 500, "unit_price": Decimal("5")}]
WRITTEN = {"category": "edr", "title": "EDR fictif", "brackets": STEPS, "delivery_modes": ["remote"]}


@pytest.fixture
def provider(session: Session) -> Any:
    return make.ProviderFactory()


@pytest.fixture
def vendor(provider: Any, actor_for: Callable) -> Any:
    return actor_for(make.person_of(provider))


@pytest.fixture
def operator(session: Session, actor_for: Callable) -> Any:
    return actor_for(accounts.operator())


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(RuleBroken) as refused:
        call()
    return refused.value.code


def test_a_draft_is_edited_published_revised_and_superseded(session: Session, provider: Any, vendor: Any) -> None:
    draft = services.create_offer(vendor, provider.id, **WRITTEN)
    services.edit_offer(vendor, draft.id, {"brackets": [*STEPS, {"from_quantity": 2000, "unit_price": Decimal("4.1")}]})
    services.publish_offer(vendor, draft.id)
    revision = services.revise_offer(vendor, draft.id)
    services.edit_offer(vendor, revision.id, {"brackets": STEPS[:1]})
    services.publish_offer(vendor, revision.id)
    first, second = refreshed(draft), refreshed(revision)
    assert (first.status, second.status, second.supersedes_id) == ("superseded", "published", first.id)
    assert [b.from_quantity for b in first.brackets] == [1, 500, 2000]
    assert [(b.from_quantity, b.to_quantity) for b in second.brackets] == [(1, None)]
    told = session.scalars(select(AuditEvent.action).where(AuditEvent.subject_type == "offer").order_by(AuditEvent.id))
    assert list(told) == [
        "offer.created", "offer.edited", "offer.published", "offer.revised", "offer.edited", "offer.published",
    ]  # fmt: skip


def test_a_published_offer_is_neither_edited_nor_published_again_nor_deleted(provider: Any, vendor: Any) -> None:
    offer = make.published_offer(provider_id=provider.id)
    assert code_of(lambda: services.edit_offer(vendor, offer.id, {"title": "autre"})) == "offer_is_published"
    assert code_of(lambda: services.publish_offer(vendor, offer.id)) == "offer_is_published"
    assert code_of(lambda: services.delete_draft(vendor, offer.id)) == "offer_is_published"
    services.withdraw_offer(vendor, offer.id)
    assert refreshed(offer).status == "withdrawn"
    assert code_of(lambda: services.withdraw_offer(vendor, offer.id)) == "offer_not_published"
    assert code_of(lambda: services.revise_offer(vendor, offer.id)) == "offer_not_published"


def test_a_draft_can_be_thrown_away(session: Session, provider: Any, vendor: Any) -> None:
    draft = services.create_offer(vendor, provider.id, **WRITTEN)
    services.delete_draft(vendor, draft.id)
    assert session.scalars(select(Offer.id).where(Offer.id == draft.id)).one_or_none() is None


def test_an_unknown_category_a_unit_of_another_one_or_an_impossible_minimum_is_refused(provider: Any, vendor: Any) -> None:
    def write(**changes: Any) -> str:
        return code_of(lambda: services.create_offer(vendor, provider.id, **{**WRITTEN, **changes}))

    assert write(category="café") == "category_unknown"
    assert write(unit="day") == "offer_unit_not_of_category"
    assert write(capacity=10, minimum_quantity=11) == "offer_minimum_above_capacity"
    assert services.create_offer(vendor, provider.id, **{**WRITTEN, "category": "support_maintenance", "unit": "site"}).unit


def test_nobody_writes_on_another_provider_s_offer(session: Session, actor_for: Callable) -> None:
    offer = make.published_offer()
    draft = make.OfferFactory()
    rival = actor_for(make.person_of(make.ProviderFactory()))
    reader = actor_for(make.person_of(session.get_one(type(make.ProviderFactory()), offer.provider_id), roles=("viewer",)))
    for actor in (rival, reader):
        with pytest.raises(NotAllowed):
            services.withdraw_offer(actor, offer.id)
    with pytest.raises(NotFound):
        services.edit_offer(rival, draft.id, {"title": "x"})


@pytest.mark.parametrize(
    "change",
    [
        lambda offer: update(Offer).where(Offer.id == offer.id).values(capacity=1_000_000),
        lambda offer: update(Offer).where(Offer.id == offer.id).values(published_at=clock.now() + timedelta(days=1)),
        lambda offer: delete(OfferBracket).where(OfferBracket.offer_id == offer.id),
        lambda offer: update(OfferBracket).where(OfferBracket.offer_id == offer.id).values(unit_price=1),
        lambda offer: insert(OfferBracket).values(offer_id=offer.id, from_quantity=9000, unit_price=1),
    ],
)
def test_the_database_refuses_to_change_a_published_offer(session: Session, change: Callable) -> None:
    offer = make.published_offer()
    with pytest.raises(IntegrityError) as refused, session.begin_nested():
        session.execute(change(offer))
    conflict = conflict_of(refused.value)
    assert isinstance(conflict, Conflict)
    assert conflict.code == "offer_is_published"


@pytest.mark.parametrize(
    "brackets",
    [
        [(1, 10), (12, None)],
        [(1, 10), (10, None)],
        [(1, None), (10, None)],
        [(1, 20), (10, 20), (21, None)],
        [(1, 10)],
    ],
)
def test_the_database_refuses_a_grid_with_a_gap_an_overlap_or_an_end(
    session: Session, brackets: list[tuple[int, int | None]]
) -> None:
    offer = make.OfferFactory()
    rows = [{"offer_id": offer.id, "from_quantity": a, "to_quantity": b, "unit_price": 1} for a, b in brackets]
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(OfferBracket), rows)
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_a_gapless_grid_may_be_written_in_any_order(session: Session) -> None:
    offer = make.OfferFactory()
    rows = [{"offer_id": offer.id, "from_quantity": a, "to_quantity": b, "unit_price": 1} for a, b in [(11, None), (1, 10)]]
    session.execute(insert(OfferBracket), rows)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


@pytest.mark.parametrize("brackets", [[], [(10, 99), (100, None)]])
def test_the_database_refuses_to_publish_an_offer_without_a_price_from_the_first_unit_on(
    session: Session, brackets: list[tuple[int, int | None]]
) -> None:
    offer = make.OfferFactory()
    for first, last in brackets:
        session.execute(insert(OfferBracket).values(offer_id=offer.id, from_quantity=first, to_quantity=last, unit_price=1))
    with pytest.raises(IntegrityError, match="from the first unit on"), session.begin_nested():
        session.execute(update(Offer).where(Offer.id == offer.id).values(published_at=clock.now()))


MOMENTS = (None, datetime(2025, 10, 31, 22, 59, tzinfo=UTC), datetime(2026, 5, 16, 22, 30, tzinfo=UTC))
DAYS = (date(2025, 10, 31), date(2025, 11, 1), date(2026, 5, 16), date(2026, 5, 17), date(2028, 1, 1), date(2028, 1, 2))


def test_the_state_in_sql_is_the_state_in_python_on_every_day(session: Session, provider: Any) -> None:
    schemes = certificates.list_schemes(session)
    for scheme, version in (("iso27001", "2013"), ("iso27001", "2022"), ("hds", "v1"), ("passi", None)):
        for verified in MOMENTS:
            for suspended in MOMENTS if verified else (None,):
                for withdrawn in MOMENTS:
                    make.CertificateFactory(
                        provider_id=provider.id, scheme=scheme, version=version, verified_at=verified,
                        suspended_at=suspended, withdrawn_at=withdrawn, reason="raison",
                        valid_from=date(2025, 1, 1), valid_until=date(2028, 1, 1),
                    )  # fmt: skip
        make.CertificateFactory(
            provider_id=provider.id, scheme=scheme, version=version, verified_at=None, rejected_at=MOMENTS[1],
            reason="raison", valid_from=date(2025, 1, 1), valid_until=date(2028, 1, 1),
        )  # fmt: skip
    for day in DAYS:
        rows = session.execute(
            select(Certificate, certificates.state_case(day)).outerjoin(CertificateVersion, certificates.JOINS_VERSION)
        ).all()
        assert len(rows) == 4 * (3 + 2 * 9 + 1)
        assert [state for _, state in rows] == [state_on(certificates.held(row, schemes), day) for row, _ in rows]


def test_a_suspension_says_why_ends_by_itself_and_can_be_lifted(provider: Any, operator: Any, vendor: Any) -> None:
    today = clock.today()
    refusals = ({"until": today, "reason": " "}, {"until": today - timedelta(days=1), "reason": "impayé"})
    codes = [code_of(lambda given=given: suspensions.suspend_provider(operator, provider.id, **given)) for given in refusals]
    assert codes == ["provider_reason_missing", "suspension_already_over"]
    suspensions.suspend_provider(operator, provider.id, until=today, reason="enquête en cours")
    standing = queries_standing(provider)
    assert (standing.on(today), standing.on(today + timedelta(days=1))) == ("suspended", "verified")
    suspensions.lift_suspension(operator, provider.id)
    assert queries_standing(provider).on(today) == "verified"
    with pytest.raises(NotAllowed):
        suspensions.suspend_provider(vendor, provider.id, until=today, reason="x")


def queries_standing(provider: Any) -> Any:
    return providers.queries.standing_of(refreshed(provider))


def test_a_refusal_says_why_and_may_be_taken_back(provider: Any, operator: Any) -> None:
    assert code_of(lambda: providers.decide_provider(operator, provider.id, decision="refuse")) == "provider_reason_missing"
    providers.decide_provider(operator, provider.id, decision="refuse", reason="SIREN radié")
    assert queries_standing(provider).on(clock.today()) == "refused"
    providers.decide_provider(operator, provider.id, decision="verify")
    assert queries_standing(provider).on(clock.today()) == "verified"


def test_only_an_organisation_of_kind_provider_opens_a_profile(session: Session, actor_for: Callable) -> None:
    clinic = accounts.OrganisationFactory()
    actor = actor_for(accounts.user_in(clinic))
    with pytest.raises(NotAllowed):
        providers.register_provider(actor, organisation_id=clinic.id, regions=["84"], delivery_modes=["remote"])


def test_the_grid_of_an_offer_is_read_as_the_rules_want_it(session: Session) -> None:
    offer = make.published_offer(regional_uplifts={"02": "0.3500"}, mobilisation_amount=Decimal("10.00"))
    grid = queries.grid_of(offer)
    assert [(b.from_quantity, b.to_quantity) for b in grid.brackets] == [(1, 499), (500, 1999), (2000, None)]
    assert (grid.regional_uplifts, grid.mobilisation_amount) == ({"02": Decimal("0.35")}, Decimal(10))
