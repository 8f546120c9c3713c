"""The settings, read once from the environment; a start with missing or unsafe ones is refused, naming all of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from marketplace.platform.embedded import default_data_folder

ENVIRONMENTS = ("production", "demo", "test")
DRIVER = "postgresql+psycopg"
DATABASE_EXAMPLE = f"{DRIVER}://grappe:password@127.0.0.1:5432/grappe"
SHORTEST_SECRET_KEY = 32
SHORTEST_METRICS_TOKEN = 16
FEWEST_DIFFERENT_CHARACTERS = 8
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
STRIPE = "https://api.stripe.com"
STRIPE_TEST_KEYS = ("sk_test_", "rk_test_")
STRIPE_LIVE_KEYS = ("sk_live_", "rk_live_")
STRIPE_WEBHOOK_SECRETS = "whsec_"
ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")


class ConfigError(Exception):
    """The environment is incomplete or unsafe; `problems` says in plain words what to set, all at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["Grappe cannot start with these settings:", *(f"- {line}" for line in problems)]))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides. Secrets stay out of its printed form."""

    environment: str
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    port: int
    base_url: str
    data_folder: Path
    files_folder: Path
    session_cookie_secure: bool
    pool_size: int
    pool_overflow: int
    smtp_host: str | None
    smtp_port: int
    smtp_user: str | None
    smtp_password: str | None = field(repr=False)
    smtp_starttls: bool
    mail_from: str
    operator_email: str | None
    trusted_proxies: int
    metrics_token: str | None = field(repr=False)
    stripe_secret_key: str | None = field(repr=False)
    stripe_webhook_secret: str | None = field(repr=False)
    stripe_api_base: str
    argon2_memory_kib: int
    argon2_iterations: int


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; ConfigError lists every problem. An empty variable counts as absent."""
    reading = _Reading(os.environ if environ is None else environ)
    environment = reading.choice("GRAPPE_ENV", ENVIRONMENTS, "production")
    in_test = environment == "test"
    port = reading.number("PORT", 8000, 1, 65535)
    base_url = _base_url(reading, port)
    smtp_host = reading.text("SMTP_HOST")
    smtp_user, smtp_password = _smtp_login(reading)
    stripe_key, stripe_webhook_secret = _stripe_keys(reading, environment)
    settings = Settings(
        environment=environment,
        database_url=_database_url(reading),
        secret_key=_secret_key(reading),
        port=port,
        base_url=base_url,
        data_folder=place_of_data(reading.environ),
        files_folder=place_of_files(reading.environ),
        session_cookie_secure=base_url.startswith("https://"),
        pool_size=reading.number("DATABASE_POOL_SIZE", 5, 1, 200),
        pool_overflow=reading.number("DATABASE_POOL_OVERFLOW", 5, 0, 200),
        smtp_host=smtp_host,
        smtp_port=reading.number("SMTP_PORT", 587, 1, 65535),
        smtp_user=smtp_user,
        smtp_password=smtp_password,
        smtp_starttls=reading.switch("SMTP_STARTTLS", default=True),
        mail_from=_mail_from(reading, required=smtp_host is not None),
        operator_email=_address(reading, "OPERATOR_EMAIL"),
        trusted_proxies=reading.number("TRUSTED_PROXIES", 0, 0, 10),
        metrics_token=_metrics_token(reading),
        stripe_secret_key=stripe_key,
        stripe_webhook_secret=stripe_webhook_secret,
        stripe_api_base=_stripe_api_base(reading, stripe_key),
        argon2_memory_kib=_argon2(reading, "ARGON2_MEMORY_KIB", 64 if in_test else 64 * 1024, in_test),
        argon2_iterations=_argon2(reading, "ARGON2_ITERATIONS", 1 if in_test else 3, in_test),
    )
    reading.refuse_if_any_problem()
    return settings


def place_of_data(environ: Mapping[str, str]) -> Path:
    """GRAPPE_DATA, the folder of the embedded database and of the keys made for it."""
    return Path(environ.get("GRAPPE_DATA", "").strip() or default_data_folder()).expanduser().absolute()


def place_of_files(environ: Mapping[str, str]) -> Path:
    """FILES_FOLDER, the folder of the files that people send; beside the data when it is not set."""
    chosen = environ.get("FILES_FOLDER", "").strip()
    return Path(chosen).expanduser().absolute() if chosen else place_of_data(environ) / "files"


class _Reading:
    """One pass over the environment that notes problems instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    def refuse_if_any_problem(self) -> None:
        if self.problems:
            raise ConfigError(self.problems)

    def text(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        if value not in allowed:
            self.problem(f"{name} is {value!r}: set it to one of {', '.join(allowed)}.")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            self.problem(f"{name} is {value!r}: set it to a whole number from {least} to {most}.")
            return default
        return int(value)

    def switch(self, name: str, *, default: bool) -> bool:
        value = (self.text(name) or "").lower()
        if value and value not in ON + OFF:
            self.problem(f"{name} is {value!r}: set it to 1 or 0.")
        return value in ON if value else default


def _database_url(reading: _Reading) -> str:
    value = reading.text("DATABASE_URL")
    if value is None:
        reading.problem(
            f"DATABASE_URL is missing: set it to your PostgreSQL, for example {DATABASE_EXAMPLE} "
            "(`grappe demo` needs none: it brings a database of its own, with fictitious data)."
        )
        return ""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        reading.problem(f"DATABASE_URL cannot be read: write it as {DATABASE_EXAMPLE}.")
        return ""
    if url.drivername != DRIVER:
        reading.problem(f"DATABASE_URL begins with {url.drivername}://: write {DRIVER}:// in full.")
    if not url.database:
        reading.problem(f"DATABASE_URL names no database: end it with one, as in {DATABASE_EXAMPLE}.")
    return value


def _secret_key(reading: _Reading) -> str:
    value = reading.text("SECRET_KEY")
    how = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if value is None:
        reading.problem(f"SECRET_KEY is missing (sessions are signed with it): {how}.")
        return ""
    if len(value) < SHORTEST_SECRET_KEY:
        reading.problem(f"SECRET_KEY has {len(value)} characters, at least {SHORTEST_SECRET_KEY} are needed: {how}.")
    elif len(set(value)) < FEWEST_DIFFERENT_CHARACTERS:
        reading.problem(f"SECRET_KEY repeats a few characters and could be guessed: {how}.")
    return value


def _metrics_token(reading: _Reading) -> str | None:
    value = reading.text("METRICS_TOKEN")
    if value is not None and len(value) < SHORTEST_METRICS_TOKEN:
        reading.problem(f"METRICS_TOKEN has fewer than {SHORTEST_METRICS_TOKEN} characters and could be guessed.")
    return value


def _base_url(reading: _Reading, port: int) -> str:
    """Where browsers reach the product; over a network only by https, since the session travels with every page."""
    value = (reading.text("BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.path or parts.query:
        reading.problem(f"BASE_URL is {value!r}: set it to scheme and host alone, as in https://grappe.example.")
    elif parts.scheme == "http" and host not in LOOPBACK_HOSTS:
        reading.problem(
            f"BASE_URL is {value!r}: sessions would travel in the clear; serve it by https, or use http://127.0.0.1."
        )
    return value


def _smtp_login(reading: _Reading) -> tuple[str | None, str | None]:
    user, password = reading.text("SMTP_USER"), reading.text("SMTP_PASSWORD")
    if (user is None) != (password is None):
        reading.problem("SMTP_USER and SMTP_PASSWORD go together: set both, or neither.")
    if user is not None and reading.switch("SMTP_STARTTLS", default=True) is False:
        reading.problem("SMTP_STARTTLS is off: the mail password would travel in the clear; set SMTP_STARTTLS=1.")
    return user, password


def _mail_from(reading: _Reading, *, required: bool) -> str:
    address = _address(reading, "MAIL_FROM")
    if address is None and required:
        reading.problem("MAIL_FROM is missing: set it to the address that mails are sent from.")
    return address or "grappe@localhost"


def _address(reading: _Reading, name: str) -> str | None:
    value = reading.text(name)
    if value is not None and (value.count("@") != 1 or value.startswith("@") or value.endswith("@") or " " in value):
        reading.problem(f"{name} is {value!r}: set it to one e-mail address.")
    return value


def _stripe_keys(reading: _Reading, environment: str) -> tuple[str | None, str | None]:
    """Payment is on with both keys and off with neither; real money moves in production alone."""
    key, webhook_secret = reading.text("STRIPE_SECRET_KEY"), reading.text("STRIPE_WEBHOOK_SECRET")
    if (key is None) != (webhook_secret is None):
        reading.problem(
            "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET go together: set both, or neither (payment is then off)."
        )
    if key is not None and not key.startswith(STRIPE_TEST_KEYS + STRIPE_LIVE_KEYS):
        reading.problem(f"STRIPE_SECRET_KEY is not a secret key of Stripe's: it begins with {STRIPE_TEST_KEYS[0]} or sk_live_.")
    if key is not None and key.startswith(STRIPE_LIVE_KEYS) and environment != "production":
        reading.problem("STRIPE_SECRET_KEY is a live key: outside GRAPPE_ENV=production use one that begins with sk_test_.")
    if webhook_secret is not None and not webhook_secret.startswith(STRIPE_WEBHOOK_SECRETS):
        reading.problem("STRIPE_WEBHOOK_SECRET is not a signing secret of Stripe's: it begins with whsec_.")
    return key, webhook_secret


def _stripe_api_base(reading: _Reading, key: str | None) -> str:
    """Stripe itself, or a double of it on this machine; a live key goes to Stripe and nowhere else."""
    value = (reading.text("STRIPE_API_BASE") or STRIPE).rstrip("/")
    if value == STRIPE:
        return value
    try:
        host = urlsplit(value).hostname
    except ValueError:
        host = None
    if host not in LOOPBACK_HOSTS or (key or "").startswith(STRIPE_LIVE_KEYS):
        reading.problem(f"STRIPE_API_BASE is {value!r}: remove it (only a test key may go to a double on this machine).")
    return value


def _argon2(reading: _Reading, name: str, default: int, in_test: bool) -> int:
    """The cost of hashing a password is nobody's to lower but the tests'."""
    if reading.text(name) is not None and not in_test:
        reading.problem(f"{name} is for tests only (GRAPPE_ENV=test): remove it.")
        return default
    return reading.number(name, default, 1, 1024 * 1024)
