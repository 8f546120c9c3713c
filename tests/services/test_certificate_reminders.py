"""Reminders of certificates that end: to the provider and to centres that rely on them, once each, after a pause too."""
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.models import CertificateReminder
from catalog.certifications.reminders import remind_of_ends
from marketplace.notifications.models import Notification
from marketplace.platform import clock, outbox
from tests.factories import accounts
from tests.factories import catalog as make
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


def test_what_is_renewed_suspended_or_not_verified_reminds_nobody(
    session: Session, certificate: Any, remind: Callable
) -> None:
    make.person_of(provider_of(session, certificate))
    ends = {"provider_id": certificate.provider_id, "valid_until": certificate.valid_until}
    make.CertificateFactory(**ends, verified_at=None)
    make.CertificateFactory(**ends, scheme="passi", version=None, suspended_at=clock.now(), reason="audit manqué")
    make.CertificateFactory(provider_id=certificate.provider_id, valid_until=certificate.valid_until + timedelta(days=300))
    assert remind(30) == []
