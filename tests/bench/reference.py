"""The unit our ratios are quoted in: the smallest Flask + SQLAlchemy service that commits one row and reads one.

No sign-in, permission, rule, audit or outbox: an upper bound for a real endpoint on this stack. It runs beside
the product, on the same PostgreSQL, in the same bench run. REFERENCE_DATABASE_URL names the database.
"""
import os

from flask import Flask, jsonify, request
from sqlalchemy import BigInteger, Engine, create_engine, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

LOTS = 20


class Base(DeclarativeBase):
    """Tables in a schema of their own: the product's stay untouched."""

    __table_args__ = {"schema": "reference"}


class Lot(Base):
    """One hot counter per lot, its maximum held by a CHECK."""

    __tablename__ = "lot"
    id: Mapped[int] = mapped_column(primary_key=True)
    maximum: Mapped[int] = mapped_column(BigInteger)
    committed: Mapped[int] = mapped_column(BigInteger)


class Commitment(Base):
    """One row per commitment."""

    __tablename__ = "commitment"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    lot_id: Mapped[int]
    establishment_id: Mapped[int]
    quantity: Mapped[int]


def create_tables(engine: Engine) -> None:
    """Make the schema with its lots, dropping what was there."""
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS reference CASCADE"))
        connection.execute(text("CREATE SCHEMA reference"))
        Base.metadata.create_all(connection)
        connection.execute(text("ALTER TABLE reference.lot ADD CHECK (committed <= maximum)"))
        connection.execute(text("CREATE INDEX ON reference.commitment (lot_id)"))
        rows = f"INSERT INTO reference.lot SELECT n, 1000000000000, 0 FROM generate_series(1, {LOTS}) n"
        connection.execute(text(rows))


def create_app(url: str | None = None) -> Flask:
    """The two endpoints: POST /commit {"lot", "establishment", "quantity"} and GET /lot/<id>."""
    engine = create_engine(url or os.environ["REFERENCE_DATABASE_URL"], pool_size=4, max_overflow=0)
    session_of = sessionmaker(engine, expire_on_commit=False)
    app = Flask(__name__)

    @app.post("/commit")
    def commit():  # type: ignore[no-untyped-def]
        body = request.get_json()
        with session_of() as session:
            try:
                row = Commitment(lot_id=body["lot"], establishment_id=body["establishment"], quantity=body["quantity"])
                session.add(row)
                session.flush()
                counter = update(Lot).where(Lot.id == row.lot_id).values(committed=Lot.committed + row.quantity)
                session.execute(counter, execution_options={"synchronize_session": False})
                session.commit()
            except IntegrityError:
                session.rollback()
                return jsonify(error="maximum reached"), 409
            return jsonify(id=row.id), 201

    @app.get("/lot/<int:lot_id>")
    def lot(lot_id: int):  # type: ignore[no-untyped-def]
        with session_of() as session:
            row = session.get_one(Lot, lot_id)
            return jsonify(committed=row.committed, maximum=row.maximum)

    return app
