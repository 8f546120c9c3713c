"""Changing one's own password."""
import pytest

from marketplace.accounts import services
from marketplace.accounts.models import UserSession
from marketplace.platform.errors import RuleBroken
from marketplace.platform.passwords import hash_password
from tests.factories.accounts import session_key_for, user_in

OLD, NEW = "une phrase de passe ancienne", "une phrase de passe nouvelle"


@pytest.fixture
def person(session):
    member = user_in()
    member.password_hash = hash_password(OLD)
    session.commit()
    return member


def test_a_password_changes_only_with_the_current_one(person, actor_for):
    with pytest.raises(services.WrongCredentials) as refused:
        services.change_password(actor_for(person), current="une autre phrase", new=NEW)
    assert (refused.value.code, refused.value.status) == ("wrong_credentials", 401)


def test_a_short_new_password_is_refused(person, actor_for):
    with pytest.raises(RuleBroken) as refused:
        services.change_password(actor_for(person), current=OLD, new="court")
    assert refused.value.code == "password_too_short"


def test_a_changed_password_opens_and_every_session_ends(session, person, actor_for):
    session_key_for(person)
    services.change_password(actor_for(person), current=OLD, new=NEW)
    session.expire_all()
    assert session.query(UserSession).filter_by(user_id=person.id, revoked_at=None).count() == 0
    assert services.sign_in(person.email, NEW, address="127.0.0.1", browser="essai")[1] == person.id
