"""Registering organisations, clinic groups, and the first operator of a new platform."""
import pytest
from sqlalchemy import select

from marketplace.accounts import organisations, passwords_by_mail, queries, services
from marketplace.accounts.models import Organisation, User
from marketplace.platform.errors import BadInput, Conflict, NotAllowed, NotFound, RuleBroken
from marketplace.platform.outbox.models import OutboxRow
from tests.factories import accounts as make


@pytest.fixture
def operator(session, actor_for):
    return actor_for(make.operator())


def test_the_operator_registers_an_organisation_with_a_true_siren(operator, session):
    made = organisations.register_organisation(operator, kind="provider", name=" Argile fictive ", siren="732 829 320")
    assert (made.name, made.siren) == ("Argile fictive", "732829320")
    with pytest.raises(BadInput):
        organisations.register_organisation(operator, kind="provider", name="Faux", siren="732829321")


def test_nobody_else_registers_organisations(session, actor_for):
    with pytest.raises(NotAllowed):
        organisations.register_organisation(actor_for(make.user_in()), kind="provider", name="x")


def test_a_clinic_joins_its_group_and_says_what_the_head_may_do(session, actor_for):
    head, clinic = make.OrganisationFactory(), make.OrganisationFactory()
    boss, head_user = make.user_in(clinic, roles=("admin",)), make.user_in(head, roles=("signatory", "buyer"))
    assert clinic.id not in actor_for(head_user).organisation_ids()
    organisations.join_group(
        actor_for(boss), clinic.id, head_organisation_id=head.id, delegated_roles=["buyer", "viewer"]
    )
    assert actor_for(head_user).organisation_ids(["buyer"]) == {head.id, clinic.id}
    assert actor_for(head_user).organisation_ids(["signatory"]) == {head.id}
    organisations.join_group(actor_for(boss), clinic.id, head_organisation_id=None, delegated_roles=[])
    assert clinic.id not in actor_for(head_user).organisation_ids()


def test_a_head_does_not_take_a_clinic_by_itself(session, actor_for):
    head, clinic = make.OrganisationFactory(), make.OrganisationFactory()
    with pytest.raises(NotFound):
        organisations.join_group(
            actor_for(make.user_in(head)), clinic.id, head_organisation_id=head.id, delegated_roles=["buyer"]
        )


def test_groups_have_one_level_and_hold_care_operators(operator, session):
    head, clinic, other = (make.OrganisationFactory() for _ in range(3))
    vendor = make.OrganisationFactory(kind="provider")
    join = organisations.join_group
    join(operator, clinic.id, head_organisation_id=head.id, delegated_roles=["buyer"])
    for who, under, code in (
        (other, clinic, "group_of_one_level"), (head, other, "group_of_one_level"), (other, other, "group_of_one_level"),
        (other, vendor, "only_care_operators_form_groups"),
    ):  # fmt: skip
        with pytest.raises(RuleBroken) as refused:
            join(operator, who.id, head_organisation_id=under.id, delegated_roles=["viewer"])
        assert refused.value.code == code


def test_the_first_operator_gets_a_seat_and_a_link(session):
    user = organisations.create_operator("Chef@Exemple.test", "Chef Fictif")
    assert queries.get_actor(session, user.id).is_operator
    assert session.scalars(select(Organisation).where(Organisation.kind == "platform")).one()
    assert passwords_by_mail.KIND in session.scalars(select(OutboxRow.kind)).all()
    with pytest.raises(Conflict) as refused:
        organisations.create_operator("chef@exemple.test", "Chef")
    assert refused.value.code == "already_a_member"


def test_a_password_link_serves_once(session):
    user = organisations.create_operator("chef@exemple.test", "Chef Fictif")
    token = passwords_by_mail.make_link(session.get(User, user.id)).rsplit("/", 1)[1]
    assert passwords_by_mail.read_link(token) == user.id
    services.set_password(user.id, "le chat dort sur la baie")
    session.expire_all()
    with pytest.raises(RuleBroken) as refused:
        passwords_by_mail.read_link(token)
    assert refused.value.code == "link_void"
