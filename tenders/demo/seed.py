"""Fill an empty database with the demo, whole or not at all, and answer its accounts every time."""
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from marketplace.accounts import queries as accounts_queries
from marketplace.accounts import services as accounts
from marketplace.accounts.models import Organisation, User
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.services.imports import import_establishments
from marketplace.platform import clock, passwords
from marketplace.platform.api import fingerprint
from marketplace.platform.config import Settings
from marketplace.platform.database import all_or_nothing, db, transaction
from marketplace.platform.demo import DemoAccount
from marketplace.platform.keys import new_secret, write_secretly
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.demand.services.closings import close_lot
from tenders.demo import catalogue, contracting, exchanges, executing, market, people, pooling, studying
from tenders.demo.sites import as_sae_file, make_sites

ACCOUNTS_FILE = "demo-accounts.json"
FOUNDED_DAYS_AGO = 100
ROLES = {
    "platform": "plateforme", "purchasing_centre": "centrale", "authority": "autorite", "clinic_a": "clinique-a",
    "clinic_b": "clinique-b", "provider_a": "prestataire-01", "provider_b": "prestataire-02",
}  # fmt: skip
"""Role named in the tokens file → beginning of the account's address."""


def seed(app: Flask) -> list[DemoAccount]:
    """Fill the database the first time (all in one transaction); the accounts, with live tokens, every time.

    Needs an application context. Passwords and tokens are random and kept, readable by their owner only, in the
    data folder.
    """
    settings: Settings = app.config["GRAPPE"]
    with transaction() as session:
        is_empty = session.scalar(select(Organisation.id).where(Organisation.name == people.PLATFORM)) is None
    if is_empty:
        with all_or_nothing():
            _fill()
    return _accounts(settings.data_folder)


@contextmanager
def _days_ago(days: int) -> Iterator[None]:
    with clock.frozen_at(clock.now() - timedelta(days=days)):
        yield


def _fill() -> None:
    sites = make_sites()
    with _days_ago(FOUNDED_DAYS_AGO):
        import_establishments(SYSTEM, as_sae_file(sites))
        with transaction() as session:
            known = people.make_people(session, sites)
            categories = {row.code: row for row in session.scalars(select(ServiceCategory))}
            establishments = people.establishments_of(session, sites)
            catalogue.make_catalogue(session, known.providers, categories)
    acting = pooling.Pooling(sites, establishments, _actor_of(known), {})
    with _days_ago(FOUNDED_DAYS_AGO - 10):
        pooling.found_grappes(acting)
    for plan in market.PLANS:
        _run(plan, acting, acting.actor_of(known.centres[plan.centre].id), categories)
    exchanges.make_exchanges(known, acting.actor_of)
    studying.state_prices(acting)
    studying.ask(acting.actor_of(known.centres[0].id))
    centre = acting.actor_of(known.centres[0].id)
    running = contracting.run_contract(_days_ago, acting, centre, known.providers[0])
    executing.run_orders(_days_ago, running, acting, centre, known.providers[0])


def _run(
    plan: market.VehiclePlan, acting: pooling.Pooling, centre: Actor, categories: dict[str, ServiceCategory]
) -> None:
    with _days_ago(market.OPENED_DAYS_AGO):
        lot_ids = market.open_vehicle(centre, plan, categories)
        for lot_id, lot in zip(lot_ids, plan.lots, strict=True):
            pooling.enter_needs(acting, lot_id, lot, categories[lot.category])
    for lot_id, lot in zip(lot_ids, plan.lots, strict=True):
        if lot.closes_in_days < 0:
            with _days_ago(-lot.closes_in_days - 1):
                close_lot(SYSTEM, lot_id)


def _actor_of(known: people.People) -> pooling.ActorOf:
    actors: dict[UUID, Actor] = {}

    def actor_of(organisation_id: UUID) -> Actor:
        user = known.person_of[organisation_id]
        if user.id not in actors:
            actors[user.id] = accounts_queries.get_actor(db.session(), user.id)
        return actors[user.id]

    return actor_of


def _accounts(folder: Path) -> list[DemoAccount]:
    kept = _read(folder / ACCOUNTS_FILE)
    accounts_now = [_account(role, address, kept.get(role, {})) for role, address in ROLES.items()]
    secrets = {account.role: {"password": account.password, "token": account.token} for account in accounts_now}
    if secrets != kept:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secretly(folder / ACCOUNTS_FILE, json.dumps(secrets, indent=2))
    return accounts_now


def _read(path: Path) -> dict[str, dict[str, str]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _account(role: str, address: str, kept: dict[str, str]) -> DemoAccount:
    """The account as it was kept; what is missing, expired or not of this database is made anew."""
    session = db.session()
    user = accounts_queries.find_user_by_email(session, f"{address}@demo.test")
    if user is None:
        raise LookupError(f"the demo's account {address} is gone: delete the demo's data folder to start again")
    actor = accounts_queries.get_actor(session, user.id)
    password, token = kept.get("password", ""), kept.get("token", "")
    if not password or not _is_set(user, password):
        password = new_secret()[:20]
        _set_password(user, password)
    if not token or accounts_queries.find_actor_by_token(session, fingerprint(token)) is None:
        token = accounts.create_token(actor, name="démonstration", scopes=("read", "write", "sign"), days=366).secret
    return DemoAccount(role, actor.seats[0].name if len(actor.seats) == 1 else _home(actor), user.email, password, token)


def _home(actor: Actor) -> str:
    return next(seat.name for seat in actor.seats if not seat.delegated)


def _is_set(user: User, password: str) -> bool:
    return passwords.verify_password(user.password_hash, password)


def _set_password(user: User, password: str) -> None:
    with transaction() as session:
        session.get_one(User, user.id).password_hash = passwords.hash_password(password)


