"""Shapes of exchanges and of searches for a partner."""
import marshmallow as ma

from catalog.contacts.rules import ACTS, MODES, MOST_DAYS, SIDES, STATUSES
from marketplace.platform.api import Identifier, Schema
from marketplace.platform.pagination import PageArgs

LENGTH, ONE_OF = ma.validate.Length, ma.validate.OneOf
MESSAGE = LENGTH(max=4000)


class ContactIn(Schema):
    """An exchange to ask a provider for."""

    organisation_id = Identifier(required=True, metadata={"description": "in whose name one asks"})
    offer_id = Identifier(load_default=None, allow_none=True)
    subject = ma.fields.String(required=True, validate=LENGTH(min=1, max=200))
    mode = ma.fields.String(required=True, validate=ONE_OF(MODES))
    days = ma.fields.List(ma.fields.Date(), required=True, validate=LENGTH(max=4 * MOST_DAYS))
    message = ma.fields.String(load_default="", validate=MESSAGE)


class ContactActIn(Schema):
    """What one side answers; `days` with `propose`, `accepted_on` with `accept`."""

    act = ma.fields.String(required=True, validate=ONE_OF(ACTS[1:]))
    message = ma.fields.String(load_default="", validate=MESSAGE)
    days = ma.fields.List(ma.fields.Date(), load_default=list, validate=LENGTH(max=4 * MOST_DAYS))
    accepted_on = ma.fields.Date(load_default=None, allow_none=True)


class ContactArgs(PageArgs):
    """Filters of one's exchanges."""

    status = ma.fields.String(load_default=None, validate=ONE_OF(STATUSES))


class ContactMessageOut(Schema):
    """One act with its words."""

    side = ma.fields.String(required=True, validate=ONE_OF(SIDES))
    act = ma.fields.String(required=True, validate=ONE_OF(ACTS))
    author = ma.fields.String(required=True)
    body = ma.fields.String(required=True)
    days = ma.fields.List(ma.fields.Date(), required=True)
    sent_at = ma.fields.AwareDateTime(required=True)


class ContactOut(Schema):
    """An exchange as the reader's side sees it."""

    id = Identifier(required=True)
    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    asker_organisation_id = Identifier(required=True)
    asker = ma.fields.String(required=True)
    offer_id = Identifier(required=True, allow_none=True)
    subject = ma.fields.String(required=True)
    mode = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ONE_OF(STATUSES))
    side = ma.fields.String(required=True, metadata={"description": "the reader's"})
    acts = ma.fields.List(ma.fields.String(), required=True, metadata={"description": "what the reader's side may do now"})
    proposed_on = ma.fields.List(ma.fields.Date(), required=True)
    proposed_by = ma.fields.String(required=True)
    agreed_on = ma.fields.Date(required=True, allow_none=True)
    asked_at = ma.fields.AwareDateTime(required=True)
    touched_at = ma.fields.AwareDateTime(required=True)


class ContactThreadOut(ContactOut):
    """An exchange with everything that was said."""

    messages = ma.fields.List(ma.fields.Nested(ContactMessageOut), required=True)


class ContactsOut(Schema):
    """A page of one's exchanges, those touched last first."""

    items = ma.fields.List(ma.fields.Nested(ContactOut), required=True)
    next = ma.fields.String(allow_none=True, required=True)


class PartnerSearchIn(Schema):
    """HDS activities for which one looks for a partner."""

    activities = ma.fields.List(ma.fields.Integer(strict=True), required=True, validate=LENGTH(max=20))
    note = ma.fields.String(load_default="", validate=LENGTH(max=1000))


class PartnerSearchOut(PartnerSearchIn):
    """A provider that looks for a partner."""

    provider_id = Identifier(required=True)
    provider_name = ma.fields.String(required=True)
    held = ma.fields.List(ma.fields.Integer(), required=True, metadata={"description": "HDS activities it covers today"})
    listed_at = ma.fields.AwareDateTime(required=True)


class PartnerSearchesOut(Schema):
    """Providers that look for a partner, oldest first."""

    items = ma.fields.List(ma.fields.Nested(PartnerSearchOut), required=True)
    next = ma.fields.String(allow_none=True, required=True)
