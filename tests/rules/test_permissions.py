"""The permission table: who holds what, and that two rooms never claim the same action."""
from uuid import uuid4

import pytest

from marketplace.platform import permissions
from marketplace.platform.errors import NotAllowed
from marketplace.platform.permissions import EVERY_ROLE, SYSTEM, Actor, Permission, Seat, allowed, require

CLINIC, CENTRE, PLATFORM = uuid4(), uuid4(), uuid4()
ROWS = (
    Permission("need.sign", "own", frozenset({"signatory"}), scope="sign"),
    Permission("lot.close", "centre", frozenset({"admin", "buyer"}), kinds=frozenset({"purchasing_centre"})),
    Permission("provider.verify", "operator", frozenset({"operator"})),
    Permission("me.change", "signed_in", EVERY_ROLE),
    Permission("lot.read", "signed_in", EVERY_ROLE, scope="read", kinds=frozenset({"care_operator"})),
)


@pytest.fixture(autouse=True)
def table():
    before = permissions.table()
    permissions.join({"here": ROWS})
    yield
    permissions.join({"restored": [row for rows in before.values() for row in rows]})


def actor(*seats: Seat, scopes=("read", "write", "sign")) -> Actor:
    return Actor(uuid4(), "Claude Fictif", seats, frozenset(scopes))


def seat(organisation_id, kind, *roles) -> Seat:
    return Seat(organisation_id, "x", kind, frozenset(roles))


def test_a_signatory_signs_for_its_own_organisation_only():
    signatory = actor(seat(CLINIC, "care_operator", "signatory"))
    assert allowed(signatory, "need.sign", own=CLINIC)
    assert not allowed(signatory, "need.sign", own=uuid4())
    assert not allowed(signatory, "need.sign")


def test_a_token_without_the_scope_does_not_sign():
    assert not allowed(actor(seat(CLINIC, "care_operator", "signatory"), scopes=("read", "write")), "need.sign", own=CLINIC)


def test_only_the_right_kind_of_organisation_counts():
    assert allowed(actor(seat(CENTRE, "purchasing_centre", "buyer")), "lot.close", centre=CENTRE)
    assert not allowed(actor(seat(CENTRE, "care_operator", "buyer")), "lot.close", centre=CENTRE)


def test_the_operator_sits_at_the_platform():
    assert allowed(actor(seat(PLATFORM, "platform", "operator")), "provider.verify")
    assert not allowed(actor(seat(CLINIC, "care_operator", "operator")), "provider.verify")


def test_somebody_without_any_seat_still_changes_their_own_password():
    assert allowed(actor(), "me.change")
    assert not allowed(actor(), "lot.read")
    assert not allowed(Actor(None, ""), "me.change")


def test_the_system_may_do_everything_and_refusals_name_the_action():
    assert allowed(SYSTEM, "lot.close")
    with pytest.raises(NotAllowed) as refused:
        require(actor(), "lot.close", centre=CENTRE)
    assert (refused.value.code, refused.value.action) == ("not_allowed", "lot.close")


def test_two_rooms_never_claim_the_same_action():
    with pytest.raises(ValueError, match=r"need\.sign"):
        permissions.join({"here": ROWS, "there": (ROWS[0],)})


def test_unknown_words_are_refused_when_the_table_is_written():
    with pytest.raises(ValueError, match="unknown word"):
        Permission("x", "neighbour", EVERY_ROLE)
