"""What races and crashes share: rows that are really there for every other connection."""
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.platform.database import db
from tests.factories.base import use_session


@pytest.fixture
def committed(real_app: Flask) -> Iterator[Session]:
    """A session whose rows are really committed, on the test's own database."""
    with real_app.app_context(), Session(db.engine, expire_on_commit=False) as own:
        use_session(own)
        yield own
        use_session(None)
