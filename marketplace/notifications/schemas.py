"""Shapes of the notification calls."""
import marshmallow as ma

from marketplace.platform.api import Identifier, Schema
from marketplace.platform.pagination import PageArgs


class NotificationArgs(PageArgs):
    """Filters of the list."""

    unread = ma.fields.Boolean(load_default=False, metadata={"description": "Only what is not read yet"})


class NotificationOut(Schema):
    """A notification in the reader's language."""

    id = Identifier(required=True)
    template = ma.fields.String(required=True, metadata={"description": "Stable code of what happened"})
    subject = ma.fields.String(required=True)
    body = ma.fields.String(required=True)
    link = ma.fields.String(required=True, allow_none=True, metadata={"description": "Path on this site"})
    created_at = ma.fields.AwareDateTime(required=True)
    read_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class NotificationsOut(Schema):
    """A page of notifications, newest first."""

    items = ma.fields.List(ma.fields.Nested(NotificationOut), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class PreferencesIn(Schema):
    """Whether mail is wanted beside the list on the site."""

    by_email = ma.fields.Boolean(required=True)


class PreferencesOut(PreferencesIn):
    """The preference in force."""


class AllReadOut(Schema):
    """How many were marked."""

    marked = ma.fields.Integer(required=True)
