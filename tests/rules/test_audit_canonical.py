"""The canonical form of the audit: anybody can recompute the hashes from docs/operations.md alone."""
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.audit import canonical

ACTOR = UUID("0192d3a4-0000-7000-8000-000000000001")


@dataclass(frozen=True)
class Event:
    id: int = 7
    occurred_at: datetime = datetime(2027, 6, 12, 10, 0, 0, 5, tzinfo=UTC)
    actor_user_id: UUID | None = ACTOR
    organisation_id: UUID | None = None
    action: str = "need.signed"
    subject_type: str = "need"
    subject_id: str = "42"
    before: Any = None
    after: Any = None
    personal_digest: str | None = None


def test_a_row_is_one_line_of_json_with_sorted_keys() -> None:
    row = Event(after={"unit": "poste", "quantité": 300})
    assert canonical.row_bytes(row).decode() == (
        '[7,"2027-06-12T10:00:00.000005Z","0192d3a4-0000-7000-8000-000000000001",null,"need.signed","need","42",null,'
        '{"quantité":300,"unit":"poste"},null]\n'
    )


def test_the_same_moment_in_another_zone_hashes_the_same() -> None:
    paris = timezone(timedelta(hours=2))
    moved = Event(occurred_at=datetime(2027, 6, 12, 12, 0, 0, 5, tzinfo=paris))
    assert canonical.row_bytes(moved) == canonical.row_bytes(Event())


def test_the_hash_of_a_batch_is_the_hash_of_its_lines() -> None:
    rows = [Event(id=1), Event(id=2)]
    by_hand = hashlib.sha256(b"".join(canonical.row_bytes(row) for row in rows)).hexdigest()
    assert canonical.rows_hash(rows) == (2, by_hand)


@given(st.sampled_from(["action", "subject_type", "subject_id", "before", "after", "personal_digest"]), st.text(min_size=1))
def test_any_change_of_a_row_changes_its_hash(name: str, text: str) -> None:
    changed = replace(Event(), **{name: "changed:" + text})
    assert canonical.rows_hash([changed]) != canonical.rows_hash([Event()])


@given(st.sets(st.integers(1, 400)))
def test_spans_hold_exactly_the_ids(ids: set[int]) -> None:
    spans = canonical.spans(sorted(ids))
    assert {number for first, last in spans for number in range(first, last + 1)} == ids
    assert all(after[0] > before[1] + 1 for before, after in pairwise(spans))


def test_a_personal_value_cannot_be_guessed_without_its_salt() -> None:
    assert canonical.personal_digest("a" * 32, {"name": "X"}) != canonical.personal_digest("b" * 32, {"name": "X"})
