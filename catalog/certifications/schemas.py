"""Shapes of certificates (formats/core-api.md)."""
import marshmallow as ma
from flask_smorest.fields import Upload

from catalog.certifications.rules.declaration import DECISIONS
from catalog.certifications.rules.states import STATES
from marketplace.platform.api import Identifier, Schema

LENGTH = ma.validate.Length


class CertificateIn(Schema):
    """A certificate to declare; days included."""

    scheme = ma.fields.String(required=True, validate=LENGTH(max=40))
    version = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=20))
    level = ma.fields.Integer(
        strict=True, load_default=None, allow_none=True, metadata={"description": "its rank among the scheme's levels (PASSI)"}
    )
    number = ma.fields.String(required=True, validate=LENGTH(min=1, max=100))
    body = ma.fields.String(required=True, validate=LENGTH(min=1, max=200))
    scope = ma.fields.String(load_default="", validate=LENGTH(max=2000))
    activities = ma.fields.List(ma.fields.Integer(strict=True), load_default=list, validate=LENGTH(max=20))
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(required=True)
    subcontractor_id = Identifier(
        load_default=None, allow_none=True, metadata={"description": "who holds it, when it is not the provider itself"}
    )
    site_ids = ma.fields.List(
        Identifier(), load_default=list, validate=LENGTH(max=100), metadata={"description": "hosting sites it names (HDS)"}
    )


class SiteNamedOut(Schema):
    """A hosting site named on a certificate."""

    id = Identifier(required=True)
    name = ma.fields.String(required=True)
    address = ma.fields.String(required=True)
    country = ma.fields.String(required=True)


class EvidenceIn(Schema):
    """A file that proves a certificate, as multipart/form-data."""

    evidence = Upload(required=True, metadata={"description": "PDF, PNG or JPEG by its content, 10 MiB at most"})


class EvidenceOut(Schema):
    """A piece of evidence; its bytes are at certificates/{id}/evidence/{id}."""

    id = Identifier(required=True)
    name = ma.fields.String(required=True)
    content_type = ma.fields.String(required=True)
    size = ma.fields.Integer(required=True, metadata={"description": "bytes"})
    sha256 = ma.fields.String(required=True)


class CertificateOut(Schema):
    """A certificate with its state today."""

    id = Identifier(required=True)
    provider_id = Identifier(required=True)
    subcontractor_id = Identifier(required=True, allow_none=True)
    subcontractor = ma.fields.String(allow_none=True, metadata={"description": "name of the subcontractor that holds it"})
    scheme = ma.fields.String(required=True)
    version = ma.fields.String(required=True, allow_none=True)
    level = ma.fields.Integer(required=True, allow_none=True, metadata={"description": "rank among the scheme's levels"})
    number = ma.fields.String(required=True)
    body = ma.fields.String(required=True)
    scope = ma.fields.String(required=True)
    activities = ma.fields.List(ma.fields.Integer(), required=True)
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(
        required=True, attribute="held.ends_on",
        metadata={"description": "its last day or that of its version, whichever comes first"},
    )  # fmt: skip
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STATES))
    reason = ma.fields.String(allow_none=True, metadata={"description": "of the platform's last decision"})
    listed_on = ma.fields.Date(allow_none=True, metadata={"description": "day of the last published list that names it"})
    sites = ma.fields.List(ma.fields.Nested(SiteNamedOut), metadata={"description": "hosting sites it names"})
    evidence = ma.fields.List(
        ma.fields.Nested(EvidenceOut), metadata={"description": "empty for readers whom it does not concern"}
    )


class CertificatesOut(Schema):
    """Every certificate of a provider, past ones included."""

    items = ma.fields.List(ma.fields.Nested(CertificateOut), required=True)


class CertificateDecisionIn(Schema):
    """The platform's decision on a certificate."""

    decision = ma.fields.String(required=True, validate=ma.validate.OneOf(list(DECISIONS)))
    reason = ma.fields.String(load_default=None, allow_none=True, validate=LENGTH(max=2000))


class VersionOut(Schema):
    """A version of a referential, with its window; days included."""

    code = ma.fields.String(required=True)
    usable_from = ma.fields.Date(allow_none=True, required=True)
    void_after = ma.fields.Date(allow_none=True, required=True)


class ActivityOut(Schema):
    """A numbered part of a scheme."""

    number = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class LevelOut(Schema):
    """A level at which a scheme certifies; a higher rank is a higher level."""

    rank = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class SchemeOut(Schema):
    """A certificate, qualification or label that the platform knows."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    maximum_months = ma.fields.Integer(required=True)
    prerequisite = ma.fields.String(allow_none=True, required=True)
    versions = ma.fields.List(ma.fields.Nested(VersionOut), required=True)
    activities = ma.fields.List(ma.fields.Nested(ActivityOut), required=True)
    levels = ma.fields.List(ma.fields.Nested(LevelOut), required=True)


class SchemesOut(Schema):
    """The schemes, in display order."""

    items = ma.fields.List(ma.fields.Nested(SchemeOut), required=True)
