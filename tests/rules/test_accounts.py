"""Passwords, roles and tokens: the rules."""
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.accounts import rules
from marketplace.platform.errors import BadInput, RuleBroken

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("court", "password_too_short"),
        ("x" * 201, "password_too_long"),
        ("claire.petit@exemple.test", "password_is_the_address"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password, code):
    with pytest.raises(RuleBroken) as refused:
        rules.check_password(password, "claire.petit@exemple.test")
    assert refused.value.code == code


def test_a_short_sentence_is_a_good_password():
    assert rules.check_password("le chat dort sur la baie", "claire@exemple.test") is None


def test_roles_come_back_in_their_usual_order():
    assert rules.check_roles(["viewer", "admin"], "care_operator") == ["admin", "viewer"]


def test_nobody_operates_the_platform_from_a_clinic():
    with pytest.raises(RuleBroken) as refused:
        rules.check_roles(["operator"], "care_operator")
    assert refused.value.code == "role_not_for_this_kind"


def test_a_membership_without_role_is_refused():
    with pytest.raises(BadInput):
        rules.check_roles([], "provider")


def test_a_token_reaches_no_further_than_its_maker():
    with pytest.raises(RuleBroken) as refused:
        rules.check_token_request(["read", "sign"], 30, ["read", "write"])
    assert refused.value.code == "token_scope_beyond_yours"


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_always_expires_within_a_year(days):
    with pytest.raises(BadInput):
        rules.check_token_request(["read"], days, ["read"])


def test_a_session_dies_at_its_end_and_when_revoked():
    assert rules.is_alive(NOON + timedelta(seconds=1), None, NOON)
    assert not rules.is_alive(NOON, None, NOON)
    assert not rules.is_alive(NOON + timedelta(days=1), NOON, NOON)


def test_the_last_administrator_stays():
    with pytest.raises(RuleBroken) as refused:
        rules.check_last_admin(0)
    assert refused.value.code == "last_administrator"
