"""Use case on the shared vocabulary: the operator revises how a category is named and classified."""
from marketplace.categories import queries, rules
from marketplace.categories.models import ServiceCategory
from marketplace.platform import audit
from marketplace.platform.database import transaction
from marketplace.platform.errors import NotFound, StaleVersion
from marketplace.platform.permissions import Actor, require

EDITABLE = ("name_fr", "name_en", "cpv", "domain_code")


def revise_category(
    actor: Actor, code: str, *, expected_version: int | None = None, **changes: str
) -> ServiceCategory:
    """Change names, CPV or domain of a category; its code, unit and price period stay, since pools count in them.

    `changes`: name_fr, name_en, cpv, domain_code. StaleVersion when the row moved since it was read.
    """
    with transaction() as session:
        category = session.get(ServiceCategory, code, with_for_update=True)
        if category is None:
            raise NotFound("category")
        require(actor, "category.revise")
        if expected_version is not None and expected_version != category.version:
            raise StaleVersion(category.version)
        before = {name: getattr(category, name) for name in EDITABLE}
        after = {**before, **{name: changes[name] for name in EDITABLE if name in changes}}
        rules.check_revision(
            after["cpv"], after["domain_code"], {domain.code for domain in queries.list_domains(session)}
        )
        for name, value in after.items():
            setattr(category, name, value)
        category.version += 1
        audit.record(session, actor, "category.revised", "category", code, before=before, after=after)
        return category
