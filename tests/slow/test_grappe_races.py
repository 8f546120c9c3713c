"""Two at once: one signature per category, the last place of a grappe, activation against a departure."""
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from marketplace.accounts.queries import get_actor
from marketplace.grappes.models import Grappe, GrappeMembership, PoolingClaim
from marketplace.grappes.services import entry, exits, formation
from marketplace.platform.database import db
from marketplace.platform.errors import Conflict, DomainError, RuleBroken
from tests.factories.establishments import EstablishmentFactory
from tests.factories.grappes import GrappeMembershipFactory, grappe_of, site_and_user

pytestmark = pytest.mark.slow


@pytest.fixture
def at_once(real_app):
    """`at_once(acts)` runs them together, each on its own connection: what each answered or was refused with."""

    def run(acts):
        start = threading.Barrier(len(acts))

        def one(act):
            with real_app.app_context():
                start.wait(timeout=10)
                try:
                    return act()
                except DomainError as refused:
                    return refused
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(one, acts))

    return run


def acting(user):
    """The actor of a user, read on the connection in use."""
    return get_actor(db.session(), user.id)


def accept(user, grappe_id, site_id):
    def doing():
        return entry.accept_invitation(acting(user), grappe_id, site_id).status

    return doing


@pytest.mark.parametrize("attempt", range(5))
def test_two_signatures_at_once_for_the_same_category_give_one_membership(committed, at_once, attempt):
    guest, user = site_and_user()
    grappes = [grappe_of(EstablishmentFactory(), categories=("edr", "soc")) for _ in range(2)]
    for grappe in grappes:
        GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=guest.id)
    answers = at_once([accept(user, grappe.id, guest.id) for grappe in grappes])
    assert sorted(map(str, map(type, answers))) == sorted(map(str, [str, Conflict]))
    refused = next(answer for answer in answers if isinstance(answer, Conflict))
    assert refused.code == "already_pooled_elsewhere"
    statuses = committed.scalars(
        select(GrappeMembership.status).where(GrappeMembership.establishment_id == guest.id)
    ).all()
    assert sorted(statuses) == ["invited", "member"]
    holders = committed.scalars(
        select(PoolingClaim.subject_id).where(PoolingClaim.establishment_id == guest.id).distinct()
    ).all()
    assert len(holders) == 1, "both categories went to the same grappe"


@pytest.mark.parametrize("attempt", range(5))
def test_eight_signatures_at_once_never_pass_the_maximum(committed, at_once, attempt):
    grappe = grappe_of(EstablishmentFactory(), maximum_members=4, is_active=False)
    guests = [site_and_user() for _ in range(8)]
    for guest, _ in guests:
        GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=guest.id)
    answers = at_once([accept(user, grappe.id, guest.id) for guest, user in guests])
    assert answers.count("member") == 3
    assert {answer.code for answer in answers if isinstance(answer, RuleBroken)} == {"grappe_full"}
    members = committed.scalar(
        select(func.count()).where(GrappeMembership.grappe_id == grappe.id, GrappeMembership.status == "member")
    )
    assert members == 4
    claims = committed.scalar(select(func.count()).where(PoolingClaim.subject_id == grappe.id))
    assert claims == 4, "those refused hold nothing"


@pytest.mark.parametrize("attempt", range(5))
def test_grappe_is_not_activated_on_a_signature_that_leaves_at_the_same_moment(committed, at_once, attempt):
    first, coordinator = site_and_user()
    second, member = site_and_user()
    grappe = grappe_of(first, second, is_active=False, exit_notice_days=30)

    def activate():
        return formation.activate_grappe(acting(coordinator), grappe.id).status

    def leave():
        return exits.leave_grappe(acting(member), grappe.id, second.id).status

    activated, gone = at_once([activate, leave])
    # Whoever came first decides: active and a notice that runs, or left at once and a quorum that is missed.
    if activated == "active":
        assert gone == "leaving"
    else:
        assert (activated.code, gone) == ("grappe_below_quorum", "left")


@pytest.mark.parametrize("attempt", range(5))
def test_scheduler_run_twice_at_once_ends_each_notice_once(committed, at_once, attempt):
    site = EstablishmentFactory()
    grappe = grappe_of(EstablishmentFactory(), site, exit_notice_days=0)
    membership = committed.scalars(
        select(GrappeMembership).where(GrappeMembership.establishment_id == site.id)
    ).one()
    membership.leaves_on = grappe.founded_at.date()
    committed.commit()
    ended = at_once([exits.end_due_memberships, exits.end_due_memberships])
    assert sorted(ended) == [0, 1]
    assert committed.scalar(select(Grappe.version).where(Grappe.id == grappe.id)) == 2


@pytest.mark.parametrize("attempt", range(3))
def test_one_establishment_invited_twice_at_once_is_invited_once(committed, at_once, attempt):
    first, coordinator = site_and_user()
    guest = EstablishmentFactory()
    grappe = grappe_of(first)

    def invite():
        return entry.invite_establishment(acting(coordinator), grappe.id, guest.id).status

    answers = at_once([invite, invite])
    assert answers.count("invited") == 1
    assert [answer.code for answer in answers if isinstance(answer, RuleBroken)] == ["already_invited"]
