"""Founding, amending, activating, handing over and dissolving a grappe."""
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from marketplace.grappes import queries
from marketplace.grappes.events import GrappeDissolved
from marketplace.grappes.models import Charter, GrappeMembership, PoolingClaim
from marketplace.grappes.rules.charter import charter_hash
from marketplace.grappes.services import entry, exits, formation
from marketplace.platform import events
from marketplace.platform.errors import BadInput, Conflict, NotAllowed, NotFound, RuleBroken, StaleVersion
from tests.factories.grappes import grappe_of, site_and_user


@pytest.fixture
def site_and_actor(session, actor_for):
    """`site_and_actor()` is an establishment with somebody who signs for it."""

    def build(roles=("admin", "signatory", "buyer"), **facts):
        site, user = site_and_user(roles, **facts)
        return site, actor_for(user)

    return build


def found(actor, site, **changes):
    wanted = {"name": "Les Alpes", "legal_form": "none", "categories": ["edr", "soc"], **changes}
    return formation.found_grappe(actor, coordinator_establishment_id=site.id, **wanted)


def claims_of(session, establishment_id):
    return dict(
        session.execute(
            select(PoolingClaim.category_code, PoolingClaim.subject_id).where(
                PoolingClaim.establishment_id == establishment_id
            )
        ).all()
    )


def told(session, template):
    """The organisations that were told something, from the outbox."""
    rows = session.execute(
        text("SELECT payload->'organisation_ids' FROM outbox WHERE payload->>'template' = :template ORDER BY id"),
        {"template": template},
    ).scalars()
    return [set(row) for row in rows]


def test_founder_signs_version_1_of_the_charter_and_coordinates(session, site_and_actor):
    site, actor = site_and_actor()
    grappe = found(actor, site)
    charter = queries.current_charter(session, grappe.id)
    membership = queries.find_membership(session, grappe.id, site.id)
    assert (grappe.status, grappe.quorum, charter.version) == ("forming", 2, 1)
    assert membership.is_coordinator
    assert (membership.status, membership.charter_hash, membership.signed_by) == ("member", charter.hash, actor.user_id)
    assert charter.hash == charter_hash(charter.parameters, charter.text)
    assert site.name in charter.text
    assert claims_of(session, site.id) == {"edr": grappe.id, "soc": grappe.id}


def test_founding_is_written_in_the_audit_with_the_hash_signed(session, site_and_actor):
    site, actor = site_and_actor()
    grappe = found(actor, site)
    event = session.execute(
        text("SELECT action, after->>'charter_hash' FROM audit_events WHERE subject_id = :id"), {"id": str(grappe.id)}
    ).one()
    assert event == ("grappe.founded", queries.current_charter(session, grappe.id).hash)


def test_founding_for_somebody_else_is_not_allowed(session, site_and_actor):
    site, _ = site_and_actor()
    _, stranger = site_and_actor()
    with pytest.raises(NotAllowed):
        found(stranger, site)


@pytest.mark.parametrize("roles", [("buyer",), ("contributor",), ("viewer",)])
def test_founding_signs_so_it_needs_a_signatory_or_an_administrator(session, site_and_actor, roles):
    site, actor = site_and_actor(roles)
    with pytest.raises(NotAllowed):
        found(actor, site)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"sector": "public", "legal_status": None}, "public_establishment"),
        ({"sector": None, "legal_status": None}, "legal_status_unknown"),
    ],
)
def test_establishment_that_may_not_be_in_a_grappe_does_not_found_one(session, site_and_actor, facts, code):
    site, actor = site_and_actor(**facts)
    with pytest.raises(RuleBroken) as refused:
        found(actor, site)
    assert refused.value.code == code


def test_founder_lies_in_its_own_territory(session, site_and_actor):
    site, actor = site_and_actor(region="84")
    with pytest.raises(RuleBroken) as refused:
        found(actor, site, territory=["53"])
    assert refused.value.code == "outside_territory"
    assert found(actor, site, territory=["84"]).territory == ["84"]


def test_unknown_category_is_named(session, site_and_actor):
    site, actor = site_and_actor()
    with pytest.raises(BadInput) as refused:
        found(actor, site, categories=["moon"])
    assert "categories" in refused.value.errors


def test_second_grappe_on_the_same_category_is_refused_and_names_the_first(session, site_and_actor):
    site, actor = site_and_actor()
    first = found(actor, site, categories=["edr"])
    with pytest.raises(Conflict) as refused:
        found(actor, site, name="Les Cimes", categories=["soc", "edr"])
    assert refused.value.code == "already_pooled_elsewhere"
    assert refused.value.details["label"] == "Les Alpes"
    assert refused.value.details["subject_id"] == str(first.id)
    assert claims_of(session, site.id) == {"edr": first.id}, "nothing of the refused grappe stays"


def test_second_grappe_on_other_categories_is_fine(session, site_and_actor):
    site, actor = site_and_actor()
    first, second = found(actor, site, categories=["edr"]), found(actor, site, categories=["soc"])
    assert claims_of(session, site.id) == {"edr": first.id, "soc": second.id}


def test_activation_below_quorum_is_refused_with_the_counts(session, site_and_actor):
    site, actor = site_and_actor()
    grappe = found(actor, site, quorum=3)
    with pytest.raises(RuleBroken) as refused:
        formation.activate_grappe(actor, grappe.id)
    assert refused.value.code == "grappe_below_quorum"
    assert refused.value.details == {"members": 1, "quorum": 3, "missing": 2}


def test_activation_at_quorum_tells_every_member_and_may_be_repeated(session, site_and_actor):
    first, actor = site_and_actor()
    second, _ = site_and_actor()
    grappe = grappe_of(first, second, is_active=False)
    assert formation.activate_grappe(actor, grappe.id).status == "active"
    activated_at = grappe.activated_at
    assert formation.activate_grappe(actor, grappe.id).activated_at == activated_at
    assert told(session, "grappe_activated") == [{str(first.organisation_id), str(second.organisation_id)}]


def test_only_the_coordinator_activates(session, site_and_actor):
    first, _ = site_and_actor()
    second, member = site_and_actor()
    grappe = grappe_of(first, second, is_active=False)
    with pytest.raises(NotAllowed):
        formation.activate_grappe(member, grappe.id)


def test_amendment_writes_the_next_version_and_the_coordinator_signs_it(session, site_and_actor):
    site, actor = site_and_actor()
    grappe = found(actor, site, categories=["edr"])
    before = queries.current_charter(session, grappe.id)
    after = formation.amend_charter(actor, grappe.id, categories=["soc"], quorum=4, exit_notice_days=5)
    assert (after.version, grappe.quorum) == (2, 4)
    assert queries.list_category_codes(session, grappe.id) == ["soc"]
    assert claims_of(session, site.id) == {"soc": grappe.id}
    assert queries.find_membership(session, grappe.id, site.id).charter_hash == after.hash != before.hash
    assert queries.get_charter(session, grappe.id, 1).text == before.text, "former versions stay readable"
    with pytest.raises(NotFound):
        queries.get_charter(session, grappe.id, 3)


def test_invited_establishment_signs_the_amended_text_only(session, site_and_actor):
    site, actor = site_and_actor()
    other, guest = site_and_actor()
    grappe = found(actor, site)
    entry.invite_establishment(actor, grappe.id, other.id)
    shown = queries.current_charter(session, grappe.id).hash
    formation.amend_charter(actor, grappe.id, quorum=3)
    assert told(session, "grappe_charter_amended") == [{str(other.organisation_id)}]
    with pytest.raises(RuleBroken) as refused:
        entry.accept_invitation(guest, grappe.id, other.id, charter_hash=shown)
    assert refused.value.code == "charter_changed"
    current = refused.value.details["charter_hash"]
    assert entry.accept_invitation(guest, grappe.id, other.id, charter_hash=current).charter_hash == current


def test_charter_that_others_signed_is_not_amended(session, site_and_actor):
    first, actor = site_and_actor()
    second, _ = site_and_actor()
    grappe = grappe_of(first, second, is_active=False)
    with pytest.raises(RuleBroken) as refused:
        formation.amend_charter(actor, grappe.id, quorum=3)
    assert refused.value.code == "charter_already_signed"


def test_amendment_of_an_older_version_is_stale(session, site_and_actor):
    site, actor = site_and_actor()
    grappe = found(actor, site)
    formation.amend_charter(actor, grappe.id, quorum=3, expected_version=1)
    with pytest.raises(StaleVersion):
        formation.amend_charter(actor, grappe.id, quorum=4, expected_version=1)


def test_coordination_goes_to_another_member(session, site_and_actor):
    first, actor = site_and_actor()
    second, next_actor = site_and_actor()
    grappe = grappe_of(first, second)
    formation.hand_over_coordination(actor, grappe.id, establishment_id=second.id)
    assert grappe.coordinator_establishment_id == second.id
    coordinators = session.scalars(
        select(GrappeMembership.establishment_id).where(
            GrappeMembership.grappe_id == grappe.id, GrappeMembership.is_coordinator
        )
    ).all()
    assert coordinators == [second.id]
    with pytest.raises(NotAllowed):
        formation.hand_over_coordination(actor, grappe.id, establishment_id=first.id)
    assert exits.leave_grappe(actor, grappe.id, first.id).status == "leaving", "the former coordinator may now leave"
    with pytest.raises(RuleBroken) as refused:
        formation.hand_over_coordination(next_actor, grappe.id, establishment_id=first.id)
    assert refused.value.code == "member_is_leaving"


def test_coordination_does_not_go_to_somebody_who_has_not_signed(session, site_and_actor):
    first, actor = site_and_actor()
    outsider, _ = site_and_actor()
    grappe = grappe_of(first)
    entry.invite_establishment(actor, grappe.id, outsider.id)
    with pytest.raises(RuleBroken) as refused:
        formation.hand_over_coordination(actor, grappe.id, establishment_id=outsider.id)
    assert refused.value.code == "not_a_member"


def test_dissolution_ends_everything_frees_the_categories_and_tells_everybody(session, site_and_actor, monkeypatch):
    first, actor = site_and_actor()
    second, _ = site_and_actor()
    invited, _ = site_and_actor()
    asking, asker = site_and_actor()
    grappe = grappe_of(first, second)
    entry.invite_establishment(actor, grappe.id, invited.id)
    entry.request_to_join(asker, grappe.id, asking.id)
    heard = []
    monkeypatch.setitem(events._listeners, GrappeDissolved, [lambda _session, event: heard.append(event.grappe_id)])
    formation.dissolve_grappe(actor, grappe.id, reason=" Plus de coordinateur. ")
    assert (grappe.status, grappe.dissolution_reason) == ("dissolved", "Plus de coordinateur.")
    endings = dict(
        session.execute(
            select(GrappeMembership.establishment_id, GrappeMembership.status).where(
                GrappeMembership.grappe_id == grappe.id
            )
        ).all()
    )
    assert endings == {first.id: "left", second.id: "left", invited.id: "withdrawn", asking.id: "refused"}
    assert claims_of(session, first.id) == claims_of(session, second.id) == {}
    assert heard == [grappe.id]
    everybody = {str(site.organisation_id) for site in (first, second, invited, asking)}
    assert told(session, "grappe_dissolved") == [everybody]


@pytest.mark.parametrize(
    "act",
    [
        lambda actor, grappe, site: formation.activate_grappe(actor, grappe.id),
        lambda actor, grappe, site: formation.dissolve_grappe(actor, grappe.id, reason="Encore."),
        lambda actor, grappe, site: formation.amend_charter(actor, grappe.id, quorum=3),
        lambda actor, grappe, site: entry.invite_establishment(actor, grappe.id, site.id),
    ],
)
def test_dissolved_grappe_refuses_every_act(session, site_and_actor, act):
    first, actor = site_and_actor()
    other, _ = site_and_actor()
    grappe = grappe_of(first)
    formation.dissolve_grappe(actor, grappe.id, reason="Fin.")
    with pytest.raises(RuleBroken) as refused:
        act(actor, grappe, other)
    assert refused.value.code == "grappe_dissolved"


def test_dissolution_says_why(session, site_and_actor):
    first, actor = site_and_actor()
    grappe = grappe_of(first)
    with pytest.raises(BadInput):
        formation.dissolve_grappe(actor, grappe.id, reason="  ")


def test_unknown_grappe_is_not_found(session, site_and_actor):
    _, actor = site_and_actor()
    with pytest.raises(NotFound):
        formation.activate_grappe(actor, uuid4())


def test_charter_row_can_be_signed_only_with_its_own_hash(session, site_and_actor):
    """The database is the last guard: a membership cannot claim to have signed another text."""
    first, _ = site_and_actor()
    grappe = grappe_of(first)
    charter = session.scalars(select(Charter).where(Charter.grappe_id == grappe.id)).one()
    with pytest.raises(Exception, match="fk_grappe_memberships_signed_charter"), session.begin_nested():
        session.execute(
            text("UPDATE grappe_memberships SET charter_hash = 'other' WHERE charter_id = :id"), {"id": charter.id}
        )
