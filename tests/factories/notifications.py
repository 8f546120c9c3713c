"""Notifications and preferences for tests."""
import factory

from marketplace.notifications.models import Notification, NotificationPreference
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tests.factories.accounts import user_in
from tests.factories.base import Factory


class NotificationFactory(Factory):
    """Something told to one person and not read yet; give `template` and `values` a real wording when it matters."""

    class Meta:
        model = Notification

    id = factory.LazyFunction(new_id)
    telling_id = factory.LazyFunction(new_id)
    user_id = factory.LazyFunction(lambda: user_in().id)
    template = "test.told"
    values = factory.LazyFunction(dict)
    created_at = factory.LazyFunction(clock.now)


class NotificationPreferenceFactory(Factory):
    """A person who declined mail."""

    class Meta:
        model = NotificationPreference

    user_id = factory.LazyFunction(lambda: user_in().id)
    by_email = False
