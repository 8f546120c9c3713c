"""Grappes for tests: single rows, and whole grappes with charter, members and claims as the use cases leave them."""
from collections.abc import Sequence
from typing import Any

import factory

from marketplace.accounts.models import User
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Charter, Grappe, GrappeCategory, GrappeMembership, PoolingClaim
from marketplace.grappes.rules.charter import charter_hash, terms_from
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import Factory
from tests.factories.establishments import EstablishmentFactory


class GrappeFactory(Factory):
    """A bare forming grappe: no charter, no member. Most tests want `grappe_of`."""

    class Meta:
        model = Grappe

    id = factory.LazyFunction(new_id)
    name = factory.Sequence(lambda n: f"Grappe fictive {n}")
    coordinator_establishment_id = factory.LazyFunction(lambda: EstablishmentFactory().id)
    legal_form = "none"
    territory = factory.LazyFunction(list)


class GrappeCategoryFactory(Factory):
    """A category of a grappe."""

    class Meta:
        model = GrappeCategory

    category_code = "edr"


class CharterFactory(Factory):
    """Version 1 of a charter of the light preset."""

    class Meta:
        model = Charter

    id = factory.LazyFunction(new_id)
    version = 1
    parameters = factory.LazyFunction(lambda: terms_from("none", ["edr"]).as_parameters())
    text = "Convention d'essai"
    hash = factory.LazyAttribute(lambda row: charter_hash(row.parameters, row.text))


class GrappeMembershipFactory(Factory):
    """An invited establishment; `joined=charter` makes it a member that signed this charter."""

    class Meta:
        model = GrappeMembership

    class Params:
        joined = None

    id = factory.LazyFunction(new_id)
    establishment_id = factory.LazyFunction(lambda: EstablishmentFactory().id)
    invited_at = factory.LazyFunction(clock.now)
    joined_at = factory.LazyAttribute(lambda row: clock.now() if row.joined else None)
    charter_id = factory.LazyAttribute(lambda row: row.joined.id if row.joined else None)
    charter_hash = factory.LazyAttribute(lambda row: row.joined.hash if row.joined else None)


class PoolingClaimFactory(Factory):
    """A claim of a grappe on an establishment's category."""

    class Meta:
        model = PoolingClaim

    establishment_id = factory.LazyFunction(lambda: EstablishmentFactory().id)
    category_code = "edr"
    kind = "membership"
    subject_id = factory.LazyFunction(new_id)
    subject_label = "Une autre grappe"


def site_and_user(roles: Sequence[str] = ("admin", "signatory", "buyer"), **facts: Any) -> tuple[Establishment, User]:
    """An establishment of its own organisation, and a person with these roles there."""
    organisation = OrganisationFactory()
    return EstablishmentFactory(organisation_id=organisation.id, **facts), user_in(organisation, roles)


def grappe_of(
    *members: Establishment, categories: Sequence[str] = ("edr",), is_active: bool = True, name: str | None = None,
    legal_form: str = "none", **terms: Any,
) -> Grappe:  # fmt: skip
    """A grappe whose members have all signed, the first one coordinating; `terms` are charter parameters."""
    charter_terms = terms_from(legal_form, categories, **terms)
    grappe = GrappeFactory(
        coordinator_establishment_id=members[0].id, legal_form=legal_form, quorum=charter_terms.quorum,
        territory=list(charter_terms.territory), maximum_members=charter_terms.maximum_members,
        activated_at=clock.now() if is_active else None, **({"name": name} if name else {}),
    )  # fmt: skip
    charter = CharterFactory(grappe_id=grappe.id, parameters=charter_terms.as_parameters())
    for code in charter_terms.categories:
        GrappeCategoryFactory(grappe_id=grappe.id, category_code=code)
    for place, member in enumerate(members):
        GrappeMembershipFactory(
            grappe_id=grappe.id, establishment_id=member.id, is_coordinator=place == 0, joined=charter
        )
        for code in charter_terms.categories:
            PoolingClaimFactory(
                establishment_id=member.id, category_code=code, subject_id=grappe.id, subject_label=grappe.name
            )
    return grappe
