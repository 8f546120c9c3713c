"""Coming into a grappe: invitations, requests, signatures, and what came to nothing."""
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.grappes import claims, queries
from marketplace.grappes.services import entry, exits
from marketplace.platform.errors import Conflict, NotAllowed, NotFound, RuleBroken
from tests.factories.grappes import GrappeMembershipFactory, PoolingClaimFactory, grappe_of, site_and_user


@pytest.fixture
def site_and_actor(session, actor_for):
    """`site_and_actor()` is an establishment with somebody who signs for it."""

    def build(roles=("admin", "signatory", "buyer"), **facts):
        site, user = site_and_user(roles, **facts)
        return site, actor_for(user)

    return build


def refusal(act, *values, **options):
    with pytest.raises((RuleBroken, Conflict)) as refused:
        act(*values, **options)
    return refused.value.code


def test_invited_establishment_signs_and_becomes_a_member(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first, is_active=False, categories=("edr", "soc"))
    assert entry.invite_establishment(coordinator, grappe.id, guest.id).status == "invited"
    assert not queries.is_member(session, grappe.id, guest.id)
    membership = entry.accept_invitation(actor, grappe.id, guest.id)
    assert membership.status == "member"
    assert membership.charter_hash == queries.current_charter(session, grappe.id).hash
    assert queries.is_member(session, grappe.id, guest.id)
    held = session.execute(
        text("SELECT category_code FROM pooling_claims WHERE establishment_id = :id ORDER BY 1"), {"id": guest.id}
    ).scalars()
    assert list(held) == ["edr", "soc"]


def test_accepting_again_changes_nothing(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first)
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    signed = entry.accept_invitation(actor, grappe.id, guest.id)
    joined_at = signed.joined_at
    assert entry.accept_invitation(actor, grappe.id, guest.id).joined_at == joined_at


def test_coordinator_does_not_sign_for_the_invited(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, _ = site_and_actor()
    grappe = grappe_of(first)
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    with pytest.raises(NotAllowed):
        entry.accept_invitation(coordinator, grappe.id, guest.id)


def test_buyer_of_the_invited_establishment_does_not_sign(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, buyer = site_and_actor(("buyer",))
    grappe = grappe_of(first)
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    with pytest.raises(NotAllowed):
        entry.accept_invitation(buyer, grappe.id, guest.id)


def test_stranger_does_not_even_learn_who_is_invited(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, _ = site_and_actor()
    _, stranger = site_and_actor()
    grappe = grappe_of(first)
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    for act in (entry.accept_invitation, entry.approve_request, exits.leave_grappe):
        with pytest.raises(NotFound):
            act(stranger, grappe.id, guest.id)


def test_nobody_signs_uninvited(session, site_and_actor):
    first, _ = site_and_actor()
    guest, actor = site_and_actor()
    assert refusal(entry.accept_invitation, actor, grappe_of(first).id, guest.id) == "not_invited"


def test_signature_that_would_pool_a_category_twice_is_refused_and_names_where(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first, categories=("edr", "soc"), is_active=False)
    PoolingClaimFactory(establishment_id=guest.id, category_code="soc", subject_label="Les Cimes")
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    with pytest.raises(Conflict) as refused:
        entry.accept_invitation(actor, grappe.id, guest.id)
    assert refused.value.code == "already_pooled_elsewhere"
    assert refused.value.details["label"] == "Les Cimes"
    assert refused.value.details["category"] == "soc"
    assert queries.find_membership(session, grappe.id, guest.id).status == "invited"


def test_membership_claims_from_the_signature_even_while_the_grappe_is_forming(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, other_coordinator = site_and_actor()
    guest, actor = site_and_actor()
    one, other = grappe_of(first, is_active=False), grappe_of(second, is_active=False)
    entry.invite_establishment(coordinator, one.id, guest.id)
    entry.invite_establishment(other_coordinator, other.id, guest.id)
    entry.accept_invitation(actor, one.id, guest.id)
    assert refusal(entry.accept_invitation, actor, other.id, guest.id) == "already_pooled_elsewhere"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"sector": "public", "legal_status": None}, "public_establishment"),
        ({"sector": "private_nonprofit", "legal_status": "14"}, "public_establishment"),
        ({"region": "53"}, "outside_territory"),
    ],
)
def test_invitation_goes_only_to_establishments_that_may_be_in(session, site_and_actor, facts, code):
    first, coordinator = site_and_actor(region="84")
    guest, _ = site_and_actor(**facts)
    grappe = grappe_of(first, territory=["84"])
    assert refusal(entry.invite_establishment, coordinator, grappe.id, guest.id) == code


def test_order_group_refuses_public_establishments_neutrally_until_ght_lists_are_known(session, site_and_actor):
    first, coordinator = site_and_actor()
    hospital, _ = site_and_actor(sector="public", legal_status="14")
    grappe = grappe_of(first, legal_form="groupement_de_commandes")
    assert refusal(entry.invite_establishment, coordinator, grappe.id, hospital.id) == "ght_membership_unknown"


def test_private_medico_social_establishment_is_welcome(session, site_and_actor):
    first, coordinator = site_and_actor()
    home, _ = site_and_actor(sector="private_nonprofit", finess_category="500", legal_status="60")
    assert entry.invite_establishment(coordinator, grappe_of(first).id, home.id).status == "invited"


def test_nobody_is_invited_twice(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first)
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    assert refusal(entry.invite_establishment, coordinator, grappe.id, guest.id) == "already_invited"
    assert refusal(entry.request_to_join, actor, grappe.id, guest.id) == "already_invited"
    assert refusal(entry.approve_request, coordinator, grappe.id, guest.id) == "already_invited"
    entry.accept_invitation(actor, grappe.id, guest.id)
    assert refusal(entry.invite_establishment, coordinator, grappe.id, guest.id) == "already_a_member"


def test_database_refuses_a_second_running_membership(session, site_and_actor):
    first, _ = site_and_actor()
    grappe = grappe_of(first)
    with pytest.raises(IntegrityError, match="uq_grappe_memberships_running"):
        GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=first.id)


def test_database_refuses_a_second_coordinator(session, site_and_actor):
    first, _ = site_and_actor()
    second, _ = site_and_actor()
    grappe = grappe_of(first, second)
    with pytest.raises(IntegrityError, match="uq_grappe_memberships_coordinator"), session.begin_nested():
        session.execute(
            text("UPDATE grappe_memberships SET is_coordinator = true WHERE grappe_id = :id"), {"id": grappe.id}
        )


def test_full_grappe_takes_nobody_more(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, second_actor = site_and_actor()
    third, third_actor = site_and_actor()
    fourth, fourth_actor = site_and_actor()
    grappe = grappe_of(first, maximum_members=2)
    entry.invite_establishment(coordinator, grappe.id, second.id)
    entry.invite_establishment(coordinator, grappe.id, third.id)
    entry.accept_invitation(second_actor, grappe.id, second.id)
    assert refusal(entry.accept_invitation, third_actor, grappe.id, third.id) == "grappe_full"
    assert refusal(entry.invite_establishment, coordinator, grappe.id, fourth.id) == "grappe_full"
    assert refusal(entry.request_to_join, fourth_actor, grappe.id, fourth.id) == "grappe_full"


def test_request_is_approved_then_signed(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first, is_active=False)
    assert entry.request_to_join(actor, grappe.id, guest.id).status == "requested"
    assert refusal(entry.request_to_join, actor, grappe.id, guest.id) == "already_requested"
    assert refusal(entry.accept_invitation, actor, grappe.id, guest.id) == "request_pending"
    assert entry.approve_request(coordinator, grappe.id, guest.id).status == "invited"
    assert entry.accept_invitation(actor, grappe.id, guest.id).status == "member"


def test_inviting_somebody_who_asked_approves_the_request(session, site_and_actor):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first)
    request = entry.request_to_join(actor, grappe.id, guest.id)
    invited = entry.invite_establishment(coordinator, grappe.id, guest.id)
    assert (invited.id, invited.status) == (request.id, "invited")


def test_request_is_for_ones_own_establishment(session, site_and_actor):
    first, _ = site_and_actor()
    guest, _ = site_and_actor()
    _, stranger = site_and_actor()
    with pytest.raises(NotAllowed):
        entry.request_to_join(stranger, grappe_of(first).id, guest.id)


def test_request_of_an_establishment_pooled_elsewhere_is_refused_at_once(session, site_and_actor):
    first, _ = site_and_actor()
    guest, actor = site_and_actor()
    PoolingClaimFactory(establishment_id=guest.id)
    assert refusal(entry.request_to_join, actor, grappe_of(first).id, guest.id) == "already_pooled_elsewhere"


def test_need_elsewhere_does_not_forbid_a_membership(session, site_and_actor):
    first, _ = site_and_actor()
    guest, actor = site_and_actor()
    PoolingClaimFactory(establishment_id=guest.id, kind="need")
    assert entry.request_to_join(actor, grappe_of(first).id, guest.id).status == "requested"


@pytest.mark.parametrize(
    ("pending", "by_establishment", "ending"),
    [("invited", True, "declined"), ("invited", False, "withdrawn"), ("requested", True, "withdrawn"),
     ("requested", False, "refused")],
)  # fmt: skip
def test_what_is_pending_may_be_ended_from_either_side(session, site_and_actor, pending, by_establishment, ending):
    first, coordinator = site_and_actor()
    guest, actor = site_and_actor()
    grappe = grappe_of(first)
    if pending == "invited":
        entry.invite_establishment(coordinator, grappe.id, guest.id)
    else:
        entry.request_to_join(actor, grappe.id, guest.id)
    by = actor if by_establishment else coordinator
    assert entry.end_pending(by, grappe.id, guest.id, pending=pending).status == ending
    assert queries.find_membership(session, grappe.id, guest.id) is None
    assert entry.invite_establishment(coordinator, grappe.id, guest.id).status == "invited", "one may try again"


def test_other_members_do_not_end_what_is_pending(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, member = site_and_actor()
    guest, _ = site_and_actor()
    grappe = grappe_of(first, second)
    entry.invite_establishment(coordinator, grappe.id, guest.id)
    with pytest.raises(NotAllowed):
        entry.end_pending(member, grappe.id, guest.id, pending="invited")


def test_member_is_not_ended_as_if_it_were_pending(session, site_and_actor):
    first, coordinator = site_and_actor()
    second, _ = site_and_actor()
    with pytest.raises(NotFound):
        entry.end_pending(coordinator, grappe_of(first, second).id, second.id, pending="invited")


def test_claiming_again_for_the_same_subject_changes_nothing(session, site_and_actor):
    site, _ = site_and_actor()
    grappe = grappe_of(site)
    claims.claim(session, site.id, ["edr", "soc"], "membership", grappe.id, grappe.name)
    claims.claim(session, site.id, ["edr"], "membership", grappe.id, grappe.name)
    claims.release(session, "membership", grappe.id, site.id)
    claims.check_free(session, site.id, ["edr", "soc"], "membership")


def test_release_without_establishment_frees_everybody(session, site_and_actor):
    first, _ = site_and_actor()
    second, _ = site_and_actor()
    grappe = grappe_of(first, second)
    claims.release(session, "membership", grappe.id)
    for site in (first, second):
        claims.check_free(session, site.id, ["edr"], "membership")
