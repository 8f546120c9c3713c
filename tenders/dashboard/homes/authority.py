"""An authority's home: how far pooling reaches, and the regions without a certified provider; aggregates only."""
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.platform.permissions import Actor
from tenders.dashboard.queries import platform


@dataclass(frozen=True)
class AuthorityHome:
    """Everything on the page."""

    coverage: list[platform.Coverage]

    @property
    def unserved(self) -> list[platform.Coverage]:
        """Regions with establishments and no verified provider with a published offer."""
        return [one for one in self.coverage if one.providers == 0]

    @property
    def establishments(self) -> int:
        """Private establishments known."""
        return sum(one.establishments for one in self.coverage)

    @property
    def in_grappe(self) -> int:
        """Those inside an active grappe."""
        return sum(one.in_grappe for one in self.coverage)


def build(session: Session, _actor: Actor, _asked: Mapping[str, str]) -> AuthorityHome:
    """Gather the page in two statements."""
    return AuthorityHome(platform.list_coverage(session))
