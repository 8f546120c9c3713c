"""Reminders of certificates that end: to the provider and to centres that rely on them, once each, after a pause too."""
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.events import RelyingLot
from catalog.certifications.models import CertificateReminder
from catalog.certifications.reminders import remind_of_ends
from marketplace.accounts.models import Membership
from marketplace.notifications.models import Notification
from marketplace.platform import clock, events, outbox
from marketplace.platform.database import new_id
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.demand import clinic, open_pool, placed_on
from tests.factories.grappes import grappe_of
from tests.factories.vehicles import VehicleFactory, open_lot


@pytest.fixture
def certificate(session: Session) -> Any:
    return make.CertificateFactory(provider_id=make.ProviderFactory().id)


@pytest.fixture
def remind(app: Any, session: Session, certificate: Any) -> Callable[[int], list[str]]:
    """Run the check at noon so many days before the end, deliver, and give the codes told since the last time."""
    seen: set[Any] = set()

    def run(days_left: int) -> list[str]:
        moment = datetime.combine(certificate.valid_until - timedelta(days=days_left), time(12), UTC)
        with clock.frozen_at(moment), app.app_context():
            remind_of_ends(moment)
            remind_of_ends(moment)
            outbox.dispatch_due()
        session.expire_all()
        rows = [row for row in session.scalars(select(Notification).order_by(Notification.id)) if row.id not in seen]
        seen.update(row.id for row in rows)
        return sorted(row.template for row in rows)

    return run


def provider_of(session: Session, certificate: Any) -> Any:
    return session.get_one(make.Provider, certificate.provider_id)


def test_a_vendor_is_told_at_each_threshold_once(session: Session, certificate: Any, remind: Callable) -> None:
    make.person_of(provider_of(session, certificate))
    told = [remind(left) for left in (91, 90, 60, 30, 7, 1, 0, -1)]
    ends = ["certificate_ends"]
    assert told == [[], ends, [], ends, ends, [], ["certificate_ends_today"], []]


def test_after_a_pause_one_mail_says_where_things_are(session: Session, certificate: Any, remind: Callable) -> None:
    make.person_of(provider_of(session, certificate))
    assert remind(5) == ["certificate_ends"]
    assert set(session.scalars(select(CertificateReminder.days))) == {90, 30, 7}
    assert remind(-2) == ["certificate_over"]
    assert remind(-3) == []


def test_a_centre_is_told_when_its_open_lot_outlives_the_certificate(
    session: Session, certificate: Any, remind: Callable
) -> None:
    centre = accounts.OrganisationFactory(kind="purchasing_centre")
    accounts.user_in(centre)
    make.published_offer(provider_id=certificate.provider_id)
    for days in (-10, 10):
        vehicle = VehicleFactory(
            organisation_id=centre.id, opened_at=clock.now(), ends_on=certificate.valid_until + timedelta(days=days)
        )
        open_lot(vehicle_id=vehicle.id, requirements={"certificates": ["iso27001"]})
    assert remind(30) == ["lot_relies_on_certificate"]


def test_the_coordinator_of_a_grappe_that_brings_needs_to_the_lot_is_told_too(
    session: Session, certificate: Any, remind: Callable
) -> None:
    make.published_offer(provider_id=certificate.provider_id)
    vehicle = VehicleFactory(opened_at=clock.now(), ends_on=certificate.valid_until + timedelta(days=10))
    lot = open_pool(vehicle_id=vehicle.id, requirements={"certificates": ["iso27001"]})
    site, coordinator = clinic()
    grappe_of(clinic()[0])
    placed_on(lot, site, coordinator, 10, grappe_id=grappe_of(site).id)
    assert "lot_relies_on_certificate" in remind(30)
    assert session.scalars(
        select(Notification.user_id).where(Notification.template == "lot_relies_on_certificate")
    ).all() == [coordinator.user_id]


def test_whoever_answers_for_a_contract_is_told_of_it_as_a_contract(
    session: Session, certificate: Any, remind: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = accounts.user_in(kind="purchasing_centre")
    organisation_id = session.scalars(select(Membership.organisation_id).where(Membership.user_id == centre.id)).one()
    ends_on = certificate.valid_until + timedelta(days=1)
    answer = RelyingLot(organisation_id, new_id(), "EDR", ends_on, contract_id=new_id())
    monkeypatch.setattr(events, "ask", lambda _session, _question: [answer])
    assert remind(30) == ["contract_relies_on_certificate"]


def test_what_is_renewed_suspended_or_not_verified_reminds_nobody(
    session: Session, certificate: Any, remind: Callable
) -> None:
    make.person_of(provider_of(session, certificate))
    ends = {"provider_id": certificate.provider_id, "valid_until": certificate.valid_until}
    make.CertificateFactory(**ends, verified_at=None)
    make.CertificateFactory(**ends, scheme="passi", version=None, suspended_at=clock.now(), reason="audit manqué")
    make.CertificateFactory(provider_id=certificate.provider_id, valid_until=certificate.valid_until + timedelta(days=300))
    assert remind(30) == []
