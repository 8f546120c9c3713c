"""A keyed request is done once: sent again it finds what was made, with another body it is refused."""
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from marketplace.platform import clock
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, Conflict
from marketplace.platform.idempotency import RequestKey, claim, forget_old_keys, remember, request_key
from marketplace.platform.idempotency.models import IdempotencyKey
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.contracts.models import Contract
from tenders.contracts.services import conclude_contract
from tests.factories.contracts import decided_lot
from tests.services.test_contracts import refused, terms_of

KEY = RequestKey("k-1", "POST /api/v1/x", "a" * 64)


def test_the_first_does_the_work_and_the_second_finds_it(session):
    assert claim(session, SYSTEM, KEY) is None
    remember(session, SYSTEM, KEY, contract_id=UUID(int=7))
    assert claim(session, SYSTEM, KEY) == {"contract_id": str(UUID(int=7))}


def test_without_a_key_nothing_is_kept(session):
    assert claim(session, SYSTEM, None) is None
    remember(session, SYSTEM, None, contract_id=UUID(int=7))
    assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


@pytest.mark.parametrize("other", [RequestKey("k-1", "POST /api/v1/x", "b" * 64), RequestKey("k-1", "POST /y", "a" * 64)])
def test_the_same_key_for_something_else_is_refused(session, other):
    claim(session, SYSTEM, KEY)
    with pytest.raises(Conflict) as refusal:
        claim(session, SYSTEM, other)
    assert refusal.value.code == "idempotency_key_reused"


def test_a_key_is_its_actors_own(session):
    claim(session, SYSTEM, KEY)
    assert claim(session, Actor(UUID(int=1), "Somebody"), KEY) is None


def test_a_refused_request_leaves_its_key_free(session):
    decided = decided_lot()
    wrong = terms_of(decided, ends_on=clock.today() + timedelta(days=5000))
    assert refused(conclude_contract, decided.centre, decided.lot.id, wrong, key=KEY).code == "contract_outside_vehicle"
    first = conclude_contract(decided.centre, decided.lot.id, terms_of(decided), key=KEY)
    again = conclude_contract(decided.centre, decided.lot.id, terms_of(decided), key=KEY)
    assert again.id == first.id
    assert session.scalar(select(func.count()).select_from(Contract)) == 1


def test_keys_are_forgotten_after_a_month(session, app):
    claim(session, SYSTEM, KEY)
    session.commit()
    with app.app_context():
        assert forget_old_keys(clock.now() + timedelta(days=29)) == 0
        assert forget_old_keys(clock.now() + timedelta(days=31)) == 1
        db.session.remove()


def test_the_hash_is_of_what_is_asked(app):
    def key_of(**sent):
        with app.test_request_context("/x", method="POST", **sent):
            return request_key()

    named = {"headers": {"Idempotency-Key": "k"}}
    assert key_of(json={"a": 1, "b": 2}, **named) == key_of(json={"b": 2, "a": 1}, **named)
    assert key_of(json={"a": 1}, **named) != key_of(json={"a": 2}, **named)
    assert key_of(json={"a": 1}) is None
    form = {"quantity": "3", "idempotency_key": "k", "csrf_token": "one"}
    assert key_of(data=form) == key_of(data=form | {"csrf_token": "two"})
    assert key_of(data=form) != key_of(data=form | {"quantity": "4"})
    for bad in ("é", "with space", "x" * 201):
        with pytest.raises(BadInput):
            key_of(json={}, headers={"Idempotency-Key": bad})
