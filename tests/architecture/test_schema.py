"""One chain of migrations, and it builds exactly what the models say.

Alembic's own comparison does not see CHECKs, predicates of partial indexes, exclusion constraints or triggers: two
databases are built, one by the migrations and one from the models, and PostgreSQL describes both.
"""
from importlib import import_module
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from marketplace.platform.database import db
from marketplace.platform.migrations import SCRIPTS
from tests.architecture.codebase import product

DESCRIPTIONS = {
    "columns": """
        SELECT c.relname || '.' || a.attname,
               format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
               || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
               || CASE a.attidentity WHEN '' THEN '' ELSE ' identity ' || a.attidentity::text END
               || CASE a.attgenerated WHEN '' THEN '' ELSE ' generated ' || a.attgenerated::text END
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "indexes": """
        SELECT c.relname || '.' || i.relname, pg_get_indexdef(i.oid)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
        WHERE i.relnamespace = 'public'::regnamespace""",
    "triggers": """
        SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace""",
    "functions": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid)
        FROM pg_proc p WHERE pronamespace = 'public'::regnamespace""",
    "sequences": """
        SELECT c.relname, '' FROM pg_class c WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace""",
}
ALEMBICS_OWN = "alembic_version"


def plain_url(url: str) -> str:
    """The URL as psycopg itself reads it."""
    return url.replace("+psycopg", "")


def describe(url: str, query: str) -> dict[str, str]:
    """What PostgreSQL says of one kind of object, by name."""
    with psycopg.connect(plain_url(url)) as connection:
        rows = connection.execute(query).fetchall()  # type: ignore[arg-type]
    return {name: text for name, text in rows if not name.startswith(ALEMBICS_OWN)}


@pytest.fixture(scope="session")
def built_from_models(server: Any) -> str:
    """A database made of the models and their DDL events alone."""
    for module in product():
        if module.path.endswith("/models.py") or "/models/" in module.path:
            import_module(module.name)
    name = f"models_{uuid4().hex[:12]}"
    with psycopg.connect(plain_url(server.url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    engine = create_engine(server.url_of(name), poolclass=NullPool)
    db.metadata.create_all(engine)
    return str(server.url_of(name))


def test_migrations_have_one_head_and_one_line():
    scripts = ScriptDirectory(str(SCRIPTS))
    assert len(scripts.get_heads()) == 1
    chain = [script.revision for script in scripts.walk_revisions()][::-1]
    assert chain == [f"{number:04}" for number in range(1, len(chain) + 1)]


@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_migrations_build_what_the_models_say(fresh_database, built_from_models, kind):
    migrated = describe(fresh_database, DESCRIPTIONS[kind])
    modelled = describe(built_from_models, DESCRIPTIONS[kind])
    assert migrated, "nothing to compare"
    names = sorted(migrated.keys() | modelled.keys())
    differences = [
        f"{name}\n  migrations: {migrated.get(name, '(absent)')}\n  models:     {modelled.get(name, '(absent)')}"
        for name in names
        if migrated.get(name) != modelled.get(name)
    ]
    assert not differences, "\n" + "\n".join(differences)
