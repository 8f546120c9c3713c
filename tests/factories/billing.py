"""Charges, fee invoices and plans for tests."""
from datetime import timedelta
from decimal import Decimal

import factory

from marketplace.billing.models import Charge, FeeInvoice, ListingSubscription
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tests.factories.accounts import OrganisationFactory
from tests.factories.base import Factory


class ChargeFactory(Factory):
    """A yearly membership fee of 600 € excluding VAT, due since yesterday."""

    class Meta:
        model = Charge

    id = factory.LazyFunction(new_id)
    kind = "membership"
    payer_organisation_id = factory.LazyFunction(lambda: OrganisationFactory().id)
    payee_organisation_id = factory.LazyFunction(lambda: OrganisationFactory(kind="purchasing_centre").id)
    amount = Decimal("600.00")
    vat_rate = Decimal("0.20")
    subject_kind = "adhesion"
    subject_id = factory.LazyFunction(lambda: str(new_id()))
    label = "Adhésion 2026"
    due_on = factory.LazyFunction(lambda: clock.today() - timedelta(days=1))
    recorded_at = factory.LazyFunction(clock.now)


class FeeInvoiceFactory(Factory):
    """720 € including VAT, gathered now, of which Stripe knows nothing yet; no charge stands on it."""

    class Meta:
        model = FeeInvoice

    id = factory.LazyFunction(new_id)
    payer_organisation_id = factory.LazyFunction(lambda: OrganisationFactory().id)
    payee_organisation_id = factory.LazyFunction(lambda: OrganisationFactory(kind="purchasing_centre").id)
    amount_excl_vat = Decimal("600.00")
    vat_amount = Decimal("120.00")
    gathered_at = factory.LazyFunction(clock.now)
    due_on = factory.LazyFunction(clock.today)


class ListingSubscriptionFactory(Factory):
    """A paid plan of a provider, nine days old and paid for three more weeks."""

    class Meta:
        model = ListingSubscription

    id = factory.LazyFunction(new_id)
    organisation_id = factory.LazyFunction(lambda: OrganisationFactory(kind="provider").id)
    plan_code = "supporter"
    stripe_id = factory.LazyFunction(lambda: f"sub_{new_id()}")
    stripe_status = "active"
    stripe_as_of = factory.LazyFunction(clock.now)
    started_at = factory.LazyFunction(lambda: clock.now() - timedelta(days=9))
    paid_until = factory.LazyFunction(lambda: clock.now() + timedelta(days=21))
