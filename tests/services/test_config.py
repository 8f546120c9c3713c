"""Settings: complete and safe, or refused at start with every problem named."""

import pytest

from marketplace.platform.config import ConfigError, Settings, load_settings

COMPLETE = {
    "DATABASE_URL": "postgresql+psycopg://grappe:hidden-password@127.0.0.1:5432/grappe",
    "SECRET_KEY": "4fN0-a-key-for-this-test-only-2uYx1",
}


def settings(**changes: str) -> Settings:
    return load_settings({**COMPLETE, **changes})


def problems(**changes: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        settings(**changes)
    return refused.value.problems


def test_a_database_and_a_key_are_enough() -> None:
    ready = settings()
    assert (ready.environment, ready.port, ready.base_url) == ("production", 8000, "http://127.0.0.1:8000")
    assert ready.argon2_memory_kib == 65536


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"PORT": "eighty", "GRAPPE_ENV": "staging", "SMTP_HOST": "mail.example", "OPERATOR_EMAIL": "me"})
    text = str(refused.value)
    assert [name for name in ("DATABASE_URL", "SECRET_KEY", "PORT", "GRAPPE_ENV", "MAIL_FROM", "OPERATOR_EMAIL")
            if name not in text] == []  # fmt: skip
    assert len(refused.value.problems) == 6


@pytest.mark.parametrize(
    "url", ["postgres://h/grappe", "postgresql://h/grappe", "postgresql+psycopg2://h/grappe", "sqlite:///grappe.db"]
)
def test_another_database_driver_is_refused_with_the_one_to_write(url: str) -> None:
    (problem,) = problems(DATABASE_URL=url)
    assert "write postgresql+psycopg:// in full" in problem


@pytest.mark.parametrize("url", ["grappe", "postgresql+psycopg://h:port/grappe", "postgresql+psycopg://127.0.0.1"])
def test_an_address_that_is_no_database_is_refused(url: str) -> None:
    (problem,) = problems(DATABASE_URL=url)
    assert problem.startswith("DATABASE_URL")


@pytest.mark.parametrize(("key", "reason"), [("short", "5 characters"), ("ab" * 30, "could be guessed")])
def test_a_weak_secret_key_is_refused(key: str, reason: str) -> None:
    (problem,) = problems(SECRET_KEY=key)
    assert reason in problem
    assert key not in problem


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8000a", "٨٠"])
def test_a_port_outside_its_range_is_refused(port: str) -> None:
    assert len(problems(PORT=port)) == 1


def test_an_empty_variable_counts_as_absent() -> None:
    assert settings(PORT="", SMTP_HOST=" ").port == 8000


def test_sessions_never_cross_a_network_in_the_clear() -> None:
    assert "https" in problems(BASE_URL="http://grappe.example")[0]
    assert settings(BASE_URL="https://grappe.example/").session_cookie_secure
    assert not settings(BASE_URL="http://localhost:8000").session_cookie_secure


@pytest.mark.parametrize(
    "address", ["grappe.example", "https://grappe.example/path", "ftp://grappe.example", "http://["]
)
def test_a_base_url_is_scheme_and_host(address: str) -> None:
    assert "BASE_URL" in problems(BASE_URL=address)[0]


def test_a_short_metrics_token_is_refused() -> None:
    assert "METRICS_TOKEN" in problems(METRICS_TOKEN="guessme")[0]


def test_half_a_mail_login_is_refused() -> None:
    assert "go together" in problems(SMTP_USER="grappe")[0]


def test_a_mail_password_in_the_clear_is_refused() -> None:
    assert "in the clear" in problems(SMTP_USER="grappe", SMTP_PASSWORD="x", SMTP_STARTTLS="0")[0]


def test_only_tests_may_lower_the_cost_of_passwords() -> None:
    assert "for tests only" in problems(ARGON2_MEMORY_KIB="8")[0]
    assert settings(GRAPPE_ENV="test", ARGON2_MEMORY_KIB="32").argon2_memory_kib == 32


def test_secrets_are_not_printed_with_the_settings() -> None:
    printed = repr(settings())
    assert COMPLETE["SECRET_KEY"] not in printed
    assert "hidden-password" not in printed


STRIPE = {"STRIPE_SECRET_KEY": "sk_test_abc", "STRIPE_WEBHOOK_SECRET": "whsec_abc"}


def test_payment_is_off_without_keys_and_on_with_both() -> None:
    assert settings().stripe_secret_key is None
    ready = settings(**STRIPE)
    assert (ready.stripe_secret_key, ready.stripe_api_base) == ("sk_test_abc", "https://api.stripe.com")
    assert "abc" not in repr(ready)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"STRIPE_WEBHOOK_SECRET": ""}, "go together"),
        ({"STRIPE_SECRET_KEY": "pk_test_abc"}, "not a secret key"),
        ({"STRIPE_WEBHOOK_SECRET": "abc"}, "whsec_"),
        ({"STRIPE_SECRET_KEY": "sk_live_abc", "GRAPPE_ENV": "demo"}, "live key"),
        ({"STRIPE_API_BASE": "https://elsewhere.example"}, "STRIPE_API_BASE"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:9", "STRIPE_SECRET_KEY": "sk_live_abc"}, "STRIPE_API_BASE"),
    ],
)
def test_unsafe_settings_of_payment_are_refused(changes: dict[str, str], said: str) -> None:
    (problem,) = problems(**{**STRIPE, **changes})
    assert said in problem


def test_a_live_key_is_for_production_and_a_double_for_test_keys() -> None:
    assert settings(**{**STRIPE, "STRIPE_SECRET_KEY": "sk_live_abc"}).stripe_secret_key == "sk_live_abc"
    assert settings(**STRIPE, STRIPE_API_BASE="http://127.0.0.1:12111/").stripe_api_base == "http://127.0.0.1:12111"
