"""Brings the rows of a file into the tables by sets: COPY into a temporary table, then a fixed number of statements.

Who may overwrite what. A file states who a site is, and an import follows it; a file's silence never erases what is
known (a year without a figure falls back on the older one, domain §3). Only a layout that says which sites are open
closes or reopens them. What people entered here stays: the whole IT estate, the OSE flag, a staff figure the
establishment declared, an organisation's name once somebody changed it. A row counts as updated, and takes a new
version, only when a value differs.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.orm import Session

from marketplace.establishments import legal_statuses, rules
from marketplace.establishments.readers.rows import EstablishmentRow
from marketplace.platform.database import new_id

IMPORT_LOCK = 0x4649_4E45_5353
"""Advisory lock: two imports at once would race for the same operators."""

_READ = tuple(field.name for field in fields(EstablishmentRow))
_DERIVED = ("id", "operator_id", "size_band", "activity_level", "search_name", "search_town")
_TYPES = {
    "row": "integer", "id": "uuid", "operator_id": "uuid", "espic": "boolean", "opened_on": "date", "closed_on": "date",
    "staff": "numeric(9, 2)", **dict.fromkeys(rules.MEASURES, "integer"),
}  # fmt: skip
_STAGED = (*_READ, *_DERIVED)

_FOLLOWED = ("name", "name_complement", "search_name")
_FILLED = (
    "finess_category", "category_label", "sector", "legal_status", "siret", "siren", "region", "department",
    "insee_code", "town", "search_town", "postcode", "opened_on", *rules.MEASURES,
)  # fmt: skip
_WEIGHED = {
    "organisation_id": "o.id",
    "espic": "CASE WHEN s.sector IS NULL THEN e.espic ELSE s.espic END",
    "closed_on": "CASE WHEN :states_closures THEN s.closed_on ELSE e.closed_on END",
    "staff": "CASE WHEN e.staff_declared_on IS NULL THEN COALESCE(s.staff, e.staff) ELSE e.staff END",
    "size_band": "CASE WHEN e.staff_declared_on IS NULL THEN COALESCE(s.size_band, e.size_band) ELSE e.size_band END",
    "activity_level": (
        "COALESCE(s.activity_level, CASE WHEN COALESCE(s.finess_category, e.finess_category)"
        " IS NOT DISTINCT FROM e.finess_category THEN e.activity_level END)"
    ),
}
_IMPORTED = (*_FOLLOWED, *_FILLED, *_WEIGHED)


def _columns(names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name}" for name in names)


_CREATE = text(
    "CREATE TEMPORARY TABLE staged_establishments ("
    + ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _STAGED)
    + ") ON COMMIT DROP"
)
_COPY = f"COPY staged_establishments ({_columns(_STAGED)}) FROM STDIN"
_OPERATORS_OF_ROWS = text("""
    CREATE TEMPORARY TABLE staged_operators ON COMMIT DROP AS
    SELECT finess_ej, (array_agg(operator_id))[1] AS id, max(operator_name) IS NULL AS is_borrowed,
           COALESCE(max(operator_name), (array_agg(name ORDER BY staff DESC NULLS LAST, finess))[1]) AS name,
           mode() WITHIN GROUP (ORDER BY operator_siren) AS siren,
           mode() WITHIN GROUP (ORDER BY legal_status) AS legal_status
    FROM staged_establishments GROUP BY finess_ej
""")
_SECTOR_OF_KNOWN_OPERATOR = text("""
    UPDATE staged_establishments s SET legal_status = o.legal_status, sector = known.sector
    FROM organisations o
    JOIN unnest(CAST(:codes AS text[]), CAST(:sectors AS text[])) AS known (code, sector) ON known.code = o.legal_status
    WHERE o.finess_ej = s.finess_ej AND s.sector IS NULL AND s.legal_status IS NULL
""")
_UPDATE_OPERATORS = text("""
    UPDATE organisations o
    SET name = n.name, siren = n.siren, legal_status = n.legal_status, version = o.version + 1
    FROM (
        SELECT o.id, COALESCE(s.legal_status, o.legal_status) AS legal_status,
               CASE WHEN s.is_borrowed THEN COALESCE(o.siren, s.siren) ELSE COALESCE(s.siren, o.siren) END AS siren,
               CASE WHEN i.name = o.name AND NOT s.is_borrowed THEN s.name ELSE o.name END AS name
        FROM staged_operators s JOIN organisations o ON o.finess_ej = s.finess_ej
        LEFT JOIN imported_operators i ON i.organisation_id = o.id
    ) AS n
    WHERE n.id = o.id AND (o.name, o.siren, o.legal_status) IS DISTINCT FROM (n.name, n.siren, n.legal_status)
""")
_INSERT_OPERATORS = text("""
    INSERT INTO organisations (id, kind, name, siren, finess_ej, legal_status, created_at)
    SELECT s.id, 'care_operator', s.name, s.siren, s.finess_ej, s.legal_status, :now
    FROM staged_operators s LEFT JOIN organisations o ON o.finess_ej = s.finess_ej
    WHERE o.id IS NULL
""")
_REMEMBER_NAMES = text("""
    INSERT INTO imported_operators AS i (organisation_id, name, is_borrowed)
    SELECT o.id, s.name, s.is_borrowed
    FROM staged_operators s JOIN organisations o ON o.finess_ej = s.finess_ej AND o.name = s.name
    ON CONFLICT (organisation_id) DO UPDATE
    SET name = EXCLUDED.name, is_borrowed = EXCLUDED.is_borrowed AND (i.is_borrowed OR i.name <> EXCLUDED.name)
    WHERE (i.name, i.is_borrowed) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.is_borrowed)
""")
_UPDATE = text(f"""
    WITH merged AS (
        SELECT s.row, e.id, e.organisation_id AS organisation_before, {_columns(_FOLLOWED, "s.")},
               {", ".join(f"COALESCE(s.{name}, e.{name}) AS {name}" for name in _FILLED)},
               {", ".join(f"{value} AS {name}" for name, value in _WEIGHED.items())}
        FROM staged_establishments s
        JOIN establishments e ON e.finess = s.finess
        JOIN organisations o ON o.finess_ej = s.finess_ej
    )
    UPDATE establishments e
    SET ({_columns(_IMPORTED)}) = ({_columns(_IMPORTED, "m.")}), version = e.version + 1, updated_at = :now
    FROM merged m
    WHERE m.id = e.id AND ({_columns(_IMPORTED, "e.")}) IS DISTINCT FROM ({_columns(_IMPORTED, "m.")})
    RETURNING m.row, e.id, m.organisation_before, e.organisation_id
""")
_INSERTED = tuple(name for name in _IMPORTED if name not in ("organisation_id", "search_town"))
_INSERT = text(f"""
    INSERT INTO establishments
           (id, finess, organisation_id, search_town, created_at, updated_at, {_columns(_INSERTED)})
    SELECT s.id, s.finess, o.id, COALESCE(s.search_town, ''), :now, :now, {_columns(_INSERTED, "s.")}
    FROM staged_establishments s
    JOIN organisations o ON o.finess_ej = s.finess_ej
    LEFT JOIN establishments e ON e.finess = s.finess
    WHERE e.id IS NULL
    RETURNING finess
""")


@dataclass(frozen=True)
class Moved:
    """A site that the file gives to another operator than the one we knew."""

    row: int
    establishment_id: UUID
    organisation_before: UUID
    organisation_after: UUID


@dataclass(frozen=True)
class Changes:
    """What an import did, by line numbers of the file."""

    created: list[int]
    updated: list[int]
    moved: list[Moved]
    operators_created: int
    operators_updated: int


def stage(session: Session, rows: Sequence[EstablishmentRow], bands: dict[str, rules.Band]) -> None:
    """Step: put the rows, with their profile and search words, into the temporary table by one COPY."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK})
    session.execute(_CREATE)
    operators: dict[str, UUID] = {}
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            operator_id = operators.get(row.finess_ej) or operators.setdefault(row.finess_ej, new_id())
            copy.write_row(_staged_values(row, operator_id, bands))
    session.execute(text("ANALYZE staged_establishments"))


def _staged_values(row: EstablishmentRow, operator_id: UUID, bands: dict[str, rules.Band]) -> list[Any]:
    """Values in the order of `_STAGED`."""
    band = bands.get(row.finess_category or "")
    return [
        *(getattr(row, name) for name in _READ),
        new_id(),
        operator_id,
        rules.size_band(row.staff),
        rules.activity_level(getattr(row, band.measure), band) if band else None,
        rules.fold(f"{row.name} {row.name_complement or ''}"),
        rules.fold(row.town) if row.town else None,
    ]


def merge(session: Session, rows: Sequence[EstablishmentRow], *, states_closures: bool, now: datetime) -> Changes:
    """Step: bring the staged rows in; operators first, then sites. Nothing that is equal is touched."""
    known = {code: sector for code, (_label, sector) in legal_statuses.LEGAL_STATUSES.items() if sector}
    session.execute(_SECTOR_OF_KNOWN_OPERATOR, {"codes": list(known), "sectors": list(known.values())})
    session.execute(_OPERATORS_OF_ROWS)
    operators_updated = _count(session, _UPDATE_OPERATORS, {})
    operators_created = _count(session, _INSERT_OPERATORS, {"now": now})
    session.execute(_REMEMBER_NAMES)
    updated = session.execute(_UPDATE, {"now": now, "states_closures": states_closures}).all()
    created = set(session.scalars(_INSERT, {"now": now}))
    session.execute(text("DROP TABLE staged_establishments, staged_operators"))
    return Changes(
        created=[row.row for row in rows if row.finess in created],
        updated=sorted(line for line, *_ in updated),
        moved=sorted((Moved(*found) for found in updated if found[2] != found[3]), key=lambda moved: moved.row),
        operators_created=operators_created,
        operators_updated=operators_updated,
    )


def _count(session: Session, statement: TextClause, values: dict[str, Any]) -> int:
    """Step: run the statement; how many rows it touched."""
    return cast(CursorResult, session.execute(statement, values)).rowcount
