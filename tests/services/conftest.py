"""Service tests run inside one application context and share the services' own session."""
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.platform.database import db
from tests.factories.base import use_session


@pytest.fixture
def session(app: Flask, connection: Any) -> Iterator[Session]:
    """The services' own session: what a test makes is what they see. No HTTP client here: the context would leak."""
    with app.test_request_context("/"):
        use_session(db.session())
        yield db.session()
        use_session(None)
