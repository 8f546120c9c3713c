"""The worker's part: take a waiting study, compose it with progress and cancellation, and keep what was found."""
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session, undefer

from marketplace.categories.models import ServiceCategory
from marketplace.notifications.services import tell
from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.facts import pack, to_json
from tenders.composition.instance import Instance, Limits
from tenders.composition.reading import parse_instance
from tenders.composition.solve import Composition, Progress, Settings, compose, recompose
from tenders.composition.studies.models import Study, StudyPlace, StudyPurchase
from tenders.composition.studies.rules.findings import Findings, PricedNeed, Purchase, find
from tenders.composition.studies.shocks import shake
from tenders.vehicles.rules import periods

log = logging.getLogger(__name__)

BEAT: Final = 1.0
"""Seconds between two words to the database while composing."""
DEAD_AFTER: Final = timedelta(seconds=60)
"""A worker silent for so long is gone: its study is taken again."""
ATTEMPTS: Final = 3
STEPS_KEPT: Final = 200
TOLERATED: Final = 1e-3
"""A re-optimisation that ends further than this from the best, beyond where the earlier study ended, is searched whole."""


def run_waiting() -> int:
    """Compose every study that waits, one after another; how many. Run by the worker every few seconds."""
    done = 0
    while (study_id := _take()) is not None:
        _run(study_id)
        done += 1
    return done


def _take() -> UUID | None:
    """Claim the oldest study that waits, or whose worker went silent; given up after three attempts."""
    with transaction() as session:
        now = clock.now()
        study = session.scalars(
            select(Study)
            .where(Study.cancelled_at.is_(None), Study.failed_at.is_(None), Study.finished_at.is_(None))
            .where(or_(Study.beat_at.is_(None), Study.beat_at < now - DEAD_AFTER))
            .order_by(Study.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if study is None:
            return None
        study.attempts += 1
        study.started_at = study.started_at or now
        study.beat_at = now
        if study.attempts > ATTEMPTS:
            _fail(study, "gave_up")
        return study.id


def _fail(study: Study, why: str) -> None:
    study.failed_at, study.failure = clock.now(), why


def _run(study_id: UUID) -> None:
    watch = _Watch(study_id)
    try:
        question = _read(study_id)
        if question is None:
            return
        composition = _compose(question, watch)
        if watch.is_cancelled(now=True):
            _settle(study_id, cancelled=True)
            return
        found = find(composition, question.needs)
        effects = shake(
            composition, found, question.offers_of_providers, question.limits, question.needs, watch.is_cancelled
        )
        _keep(study_id, question, found, [pack_effect(effect) for effect in effects], watch.steps)
    except Exception as failed:
        log.exception("a study failed", extra={"study": str(study_id)})
        _settle(study_id, failure=type(failed).__name__)


@dataclass(frozen=True)
class _Question:
    """A study as the optimiser reads it; positions are the instance's."""

    instance: Instance
    needs: tuple[PricedNeed, ...]
    keys: tuple[tuple[UUID, str], ...]
    limits: Limits
    seconds: float
    earlier: list[int | None] | None
    gap_then: float
    offers_of_providers: dict[str, list[int]]


_PROVIDERS = text("SELECT id, provider_id FROM offers WHERE id = ANY(CAST(:ids AS uuid[]))")


def _read(study_id: UUID) -> _Question | None:
    """Everything the composition needs, read in one transaction; None when the study ended meanwhile."""
    with transaction() as session:
        study = session.get_one(Study, study_id, options=[undefer(Study.document)], populate_existing=True)
        if study.status != "running":
            return None
        instance = parse_instance(study.document)
        places = session.scalars(
            select(StudyPlace)
            .where(StudyPlace.study_id == study_id, StudyPlace.position.is_not(None))
            .order_by(StudyPlace.position)
        ).all()
        asked = study.asked
        categories = session.scalars(select(ServiceCategory).where(ServiceCategory.code.in_(asked.categories)))
        spans = {row.code: periods(asked.term_months, row.price_period) for row in categories}
        groups = _groups(places) if asked.keep_grappes_together else ()
        positions = {offer.id: position for position, offer in enumerate(instance.offers)}
        by_provider: dict[str, list[int]] = defaultdict(list)
        for offer_id, provider_id in session.execute(_PROVIDERS, {"ids": list(positions)}):
            by_provider[str(provider_id)].append(positions[str(offer_id)])
        return _Question(
            instance=instance,
            needs=tuple(PricedNeed(one.alone_unit_price is not None, spans[one.category_code]) for one in places),
            keys=tuple((one.establishment_id, one.category_code) for one in places),
            limits=Limits(asked.least_members, asked.most_members, groups),
            seconds=float(asked.time_limit),
            earlier=_earlier(session, study, places, positions) if study.follows_id else None,
            gap_then=float(session.scalar(select(Study.gap).where(Study.id == study.follows_id)) or 0),
            offers_of_providers=dict(by_provider),
        )


def _groups(places: Sequence[StudyPlace]) -> tuple[frozenset[int], ...]:
    """Needs of one grappe in one category: they stay together. (In a study's instance each need is an establishment.)"""
    groups: dict[tuple[UUID, str], set[int]] = defaultdict(set)
    for position, place in enumerate(places):
        if place.grappe_id is not None:
            groups[place.grappe_id, place.category_code].add(position)
    return tuple(frozenset(group) for group in groups.values() if len(group) > 1)


def _earlier(
    session: Session, study: Study, places: Sequence[StudyPlace], positions: dict[str, int]
) -> list[int | None]:
    """Where each need was in the study this one follows: an offer, -1 for outside, None for a need that is new or moved."""
    rows = session.execute(
        select(StudyPlace, StudyPurchase.offer_id)
        .outerjoin(
            StudyPurchase, (StudyPurchase.study_id == StudyPlace.study_id) & (StudyPurchase.number == StudyPlace.purchase)
        )
        .where(StudyPlace.study_id == study.follows_id, StudyPlace.position.is_not(None))
    )
    then = {(place.establishment_id, place.category_code): (place, offer_id) for place, offer_id in rows}
    found: list[int | None] = []
    for place in places:
        before, offer_id = then.get((place.establishment_id, place.category_code), (None, None))
        if before is None or before.quantity != place.quantity or before.alone_unit_price != place.alone_unit_price:
            found.append(None)
        else:
            found.append(-1 if offer_id is None else positions.get(str(offer_id)))
    return found


def _compose(question: _Question, watch: "_Watch") -> Composition:
    settings = Settings(
        time_limit=question.seconds, limits=question.limits, on_progress=watch.note, is_cancelled=watch.is_cancelled
    )
    watch.coins = question.instance.coins
    if question.earlier is None:
        return compose(question.instance, settings)
    around = recompose(question.instance, question.earlier, settings)
    if around.gap <= question.gap_then + TOLERATED or watch.is_cancelled():
        return around
    whole = compose(question.instance, settings)
    return min(whole, around, key=lambda one: one.evaluation.cost)


@dataclass
class _Watch:
    """Tells the database where the composition stands, at most once a second, and hears whether it is cancelled."""

    study_id: UUID
    coins: int = 100
    steps: list[dict[str, Any]] = field(default_factory=list)
    told_at: float = 0.0
    cancelled: bool = False

    def note(self, progress: Progress) -> None:
        """One step further."""
        self.steps.append({
            "seconds": f"{progress.seconds:.1f}", "step": progress.step, "cost": f"{progress.cost / self.coins:.0f}",
            "bound": f"{progress.bound / self.coins:.0f}", "gap": f"{max(0.0, progress.gap):.6f}",
        })  # fmt: skip
        self.is_cancelled()

    def is_cancelled(self, *, now: bool = False) -> bool:
        """Whether somebody asked to stop, as of a second ago at most."""
        if not self.cancelled and (now or time.monotonic() - self.told_at >= BEAT):
            self.told_at = time.monotonic()
            with transaction() as session:
                asked = session.scalar(
                    update(Study)
                    .where(Study.id == self.study_id)
                    .values(beat_at=clock.now(), progress=self.steps[-STEPS_KEPT:])
                    .returning(Study.cancel_asked_at)
                )
            self.cancelled = asked is not None
        return self.cancelled


def pack_effect(effect: Any) -> dict[str, Any]:
    """One effect of a shock, as stored."""
    return {
        "kind": effect.shock.kind, "subject": effect.shock.subject, "difference": f"{effect.difference:f}",
        "purchases": effect.purchases, "more_outside": effect.more_outside,
    }  # fmt: skip


_PLACE = text("""
UPDATE study_places SET purchase = :purchase, amount = CAST(:amount AS numeric), alone_amount = CAST(:alone AS numeric),
    outside = CAST(:outside AS jsonb)
WHERE study_id = :study_id AND establishment_id = :establishment_id AND category_code = :category
""")


def _keep(
    study_id: UUID, question: _Question, found: Findings, effects: list[dict[str, Any]], steps: list[dict[str, Any]]
) -> None:
    """The whole answer in one transaction; nothing when the study was cancelled meanwhile."""
    with transaction() as session:
        study = session.get_one(Study, study_id, with_for_update=True, populate_existing=True)
        if study.status != "running":
            return
        if study.cancel_asked_at is not None:
            study.cancelled_at = clock.now()
            return
        session.add_all(_purchase(study_id, one) for one in found.purchases)
        session.flush()
        rows = [
            {"study_id": study_id, "establishment_id": establishment_id, "category": category,
             "purchase": place.purchase, "amount": place.amount, "alone": place.alone_amount,
             "outside": None if place.outside is None else to_json(pack(place.outside))}
            for (establishment_id, category), place in zip(question.keys, found.places, strict=True)
        ]  # fmt: skip
        if rows:
            session.execute(_PLACE, rows)
        study.cost, study.bound, study.gap, study.saving = found.cost, found.bound, found.gap, found.saving
        study.sensitivity, study.progress = effects, steps[-STEPS_KEPT:]
        if found.complaint is not None:
            study.complaint = {"members": found.complaint[0], "amount": f"{found.complaint[1]:f}"}
        study.finished_at = clock.now()
        values = {"title": study.title, "study_id": str(study_id), "purchases": len(found.purchases)}
        tell(session, template="study_done", values=values, user_ids=[study.asked_by])


def _purchase(study_id: UUID, one: Purchase) -> StudyPurchase:
    return StudyPurchase(
        study_id=study_id, number=one.number, offer_id=one.offer_id, category_code=one.category, members=len(one.members),
        quantity=one.quantity, bracket_from=one.bracket_from, bracket_to=one.bracket_to, unit_price=one.unit_price,
        reference_unit_price=one.reference_unit_price, minimum=one.minimum, capacity=one.capacity,
        mobilisation=one.mobilisation, amount=one.amount, stated_amount=one.stated_amount, alone_amount=one.alone_amount,
        next_from=one.next_from, next_unit_price=one.next_unit_price,
    )  # fmt: skip


def _settle(study_id: UUID, *, cancelled: bool = False, failure: str = "") -> None:
    """The study ends without an answer."""
    with transaction() as session:
        study = session.get_one(Study, study_id, with_for_update=True, populate_existing=True)
        if study.status == "running" and cancelled:
            study.cancelled_at = clock.now()
        elif study.status == "running":
            _fail(study, failure)
