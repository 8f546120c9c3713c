"""Adhesions for tests, written row by row; give vehicle_id, organisation_id."""
from datetime import timedelta

import factory

from marketplace.platform import clock
from marketplace.platform.database import new_id
from tenders.contracts.adhesions.convention import CONVENTION_VERSION, fingerprint
from tenders.contracts.adhesions.models import Adhesion
from tests.factories.accounts import UserFactory
from tests.factories.base import Factory


class AdhesionFactory(Factory):
    """A running adhesion under a made-up text."""

    class Meta:
        model = Adhesion

    id = factory.LazyFunction(new_id)
    convention_version = CONVENTION_VERSION
    convention_text = "Convention d'adhésion fictive."
    convention_sha256 = factory.LazyAttribute(lambda adhesion: fingerprint(adhesion.convention_text))
    signed_at = factory.LazyFunction(lambda: clock.now() - timedelta(days=1))
    signed_by = factory.LazyFunction(lambda: UserFactory().id)
