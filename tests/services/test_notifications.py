"""Telling people: one INSERT in the act, then one message per reader, once, in the reader's language."""
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from marketplace.notifications import queries, services, templates
from marketplace.notifications.models import Notification
from marketplace.notifications.reading import reworded
from marketplace.platform import mail, outbox
from marketplace.platform.errors import N_, NotFound, Sentence
from marketplace.platform.outbox.models import OutboxRow
from tests.factories import accounts as make
from tests.factories import notifications as told

templates.register(
    "test.told",
    N_("Il manque {missing} postes"),
    N_("Clôture le {on}, à {price} € l'unité. {why}"),
    link="/lots/{lot_id}",
)
VALUES = {
    "missing": 4360, "on": date(2027, 6, 12), "price": Decimal("4.1"), "lot_id": uuid4(),
    "why": Sentence("x", "Minimum : {minimum}.", {"minimum": 5000}),
}  # fmt: skip


@pytest.fixture
def tell(app, session):
    """Tell as a use case would, committed, then let the dispatcher work."""

    def told(**to):
        services.tell(session, template="test.told", values=VALUES, **to)
        session.commit()
        with app.app_context():
            outbox.dispatch_due()
        session.expire_all()

    return told


def _readers(session):
    return set(session.scalars(select(Notification.user_id)))


def test_telling_a_hundred_organisations_costs_the_act_one_statement(session, count_queries):
    with count_queries() as statements:
        services.tell(session, template="test.told", values=VALUES, organisation_ids=[uuid4() for _ in range(100)])
    assert len(statements) == 1


def test_everybody_who_acts_in_the_organisation_is_told_and_viewers_are_not(session, tell):
    home = make.OrganisationFactory()
    buyer, viewer = make.user_in(home, ["buyer"]), make.user_in(home, ["viewer"])
    make.user_in()
    tell(organisation_ids=[home.id])
    assert _readers(session) == {buyer.id}
    assert viewer.id not in _readers(session)


def test_people_are_told_once_though_named_twice(session, tell):
    home = make.OrganisationFactory()
    buyer = make.user_in(home, ["buyer"])
    tell(organisation_ids=[home.id, home.id], user_ids=[buyer.id])
    assert session.execute(select(func.count()).select_from(Notification)).scalar_one() == 1


def test_a_delivery_repeated_after_a_crash_tells_nobody_twice(app, session, tell):
    reader = make.user_in()
    tell(user_ids=[reader.id])
    payload = session.scalars(select(OutboxRow).where(OutboxRow.kind == services.TELLING)).one().payload
    with app.app_context():
        services.deliver_telling(payload)
        outbox.dispatch_due()
    assert session.execute(select(func.count()).select_from(Notification)).scalar_one() == 1
    assert len(mail.list_letters(session)) == 1


def test_a_mail_goes_with_it_in_french(session, tell):
    reader = make.user_in()
    tell(user_ids=[reader.id])
    letter = mail.list_letters(session)[0]
    assert letter.recipient == reader.email
    assert letter.subject == "Il manque 4 360 postes"
    assert f"Bonjour {reader.full_name}," in letter.body
    assert "Clôture le 12 juin 2027, à 4,1 € l'unité. Minimum : 5\u202f000." in letter.body
    assert f"http://localhost/lots/{VALUES['lot_id']}" in letter.body
    assert "http://localhost/notifications" in letter.body


def test_who_declined_mail_reads_it_on_the_site_only(session, tell):
    reader = make.user_in()
    told.NotificationPreferenceFactory(user_id=reader.id)
    tell(user_ids=[reader.id])
    assert _readers(session) == {reader.id}
    assert mail.list_letters(session) == []


def test_mail_declined_between_telling_and_sending_is_not_sent(app, session, actor_for):
    reader = make.user_in()
    row = told.NotificationFactory(user_id=reader.id, values={**VALUES, "on": None, "price": None, "why": "", "lot_id": "1"})
    outbox.enqueue(session, services.MAILING, {"notification_id": row.id})
    session.commit()
    with app.app_context():
        services.choose_mail(actor_for(reader), by_email=False)
        outbox.dispatch_due()
    assert mail.list_letters(session) == []


def test_a_disabled_account_is_not_told(session, tell):
    reader = make.user_in()
    reader.disabled_at = reader.created_at
    session.commit()
    tell(user_ids=[reader.id])
    assert _readers(session) == set()


def test_an_unknown_wording_or_a_missing_value_fails_in_the_act_not_at_delivery(session):
    with pytest.raises(LookupError, match="register it"):
        services.tell(session, template="test.unknown", values={})
    with pytest.raises(KeyError, match="lot_id, missing, on, price, why"):
        services.tell(session, template="test.told", values={})


def test_two_wordings_cannot_share_a_code():
    with pytest.raises(ValueError, match="two wordings"):
        templates.register("test.told", "Autre", "Autre")


@pytest.mark.parametrize("link", ["https://ailleurs.test/", "//ailleurs.test", "/{anything}", "lots"])
def test_a_link_never_leaves_the_site(link):
    with pytest.raises(ValueError, match="not a path"):
        templates.register("test.elsewhere", "S", "B", link=link)


def test_somebody_elses_notification_is_not_found(app, session, actor_for):
    row = told.NotificationFactory()
    with app.app_context(), pytest.raises(NotFound):
        services.mark_read(actor_for(make.user_in()), row.id)


def test_reading_twice_keeps_the_first_moment(app, session, actor_for):
    reader = make.user_in()
    row = told.NotificationFactory(user_id=reader.id)
    actor = actor_for(reader)
    with app.app_context():
        first = services.mark_read(actor, row.id).read_at
    with app.app_context():
        assert services.mark_read(actor, row.id).read_at == first
        assert queries.count_unread(session, actor) == 0


def test_a_wording_that_went_away_still_reads_as_its_code(app, session):
    row = told.NotificationFactory(template="gone.since", values={"x": 1})
    with app.app_context():
        assert reworded(row).subject == "gone.since"


def test_every_registered_wording_can_be_said(app):
    with app.app_context():
        for code, template in templates.registered().items():
            values = dict.fromkeys(templates.names_in(template), "x")
            wording = templates.word(code, values)
            assert wording.subject and wording.body
            assert "\n" not in wording.subject
