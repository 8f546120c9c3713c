"""JSON: many needs of a lot at once from a CSV or XLSX file, and the file to start from (formats/core-api.md)."""
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest.fields import Upload
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from marketplace.platform.api import Schema, blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.spreadsheets import read_cells
from tenders.demand import answers, services, template_files
from tenders.demand.rules.sheet_rows import MOST_ROWS, read_rows
from tenders.vehicles import queries as vehicles

bp = blueprint("need_imports", __name__)

A_FILE = {"type": "string", "format": "binary"}


class SheetIn(Schema):
    """A spreadsheet of needs."""

    file = Upload(required=True, metadata={"description": "CSV (UTF-8 or Windows-1252) or XLSX, 5,000 rows at most"})


class DryRunIn(Schema):
    """Whether only to look; as a part of the form or in the address."""

    dry_run = ma.fields.Boolean(load_default=False)


class FormatArgs(Schema):
    """Which kind of file."""

    format = ma.fields.String(load_default="xlsx", validate=ma.validate.OneOf(template_files.FORMATS))


class RejectedCellOut(Schema):
    """A cell that cannot be taken; `row` as a spreadsheet counts (the header is 1), `field` is the column."""

    row = ma.fields.Integer(required=True)
    field = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class ImportedOut(Schema):
    """What an import did. `accepted`: rows that hold; 0 when one was rejected and the file was to be written."""

    accepted = ma.fields.Integer(required=True)
    changed = ma.fields.Integer(required=True, metadata={"description": "accepted rows that change something"})
    ignored = ma.fields.Integer(required=True, metadata={"description": "rows without a quantity"})
    written = ma.fields.Boolean(required=True)
    rejected = ma.fields.List(ma.fields.Nested(RejectedCellOut), required=True)


@bp.post("/lots/<uuid:lot_id>/needs/imports")
@guard("need.place")
@bp.arguments(SheetIn, location="files")
@bp.arguments(DryRunIn, location="form")
@bp.arguments(DryRunIn, location="query")
@bp.response(200, ImportedOut)
def import_needs(
    files: dict[str, FileStorage], form: dict[str, bool], query: dict[str, bool], lot_id: UUID
) -> dict[str, Any]:
    """Place every need of a file, all of them or none; a signatory's token signs firm needs by sending them."""
    reading = read_rows(read_cells(files["file"].read(), most_rows=MOST_ROWS))
    dry_run = form["dry_run"] or query["dry_run"]
    return answers.imported(services.import_needs(current_actor(), lot_id, reading, dry_run=dry_run))


@bp.get("/lots/<uuid:lot_id>/needs/imports/template")
@guard("need.read")
@bp.arguments(FormatArgs, location="query")
@bp.response(200, A_FILE, content_type=template_files.CONTENT_TYPES["xlsx"])
@bp.alt_response(200, schema=A_FILE, content_type=template_files.CONTENT_TYPES["csv"], success=True)
def get_import_template(options: dict[str, str], lot_id: UUID) -> Response:
    """The caller's sites with their needs as they stand: change quantities, send it back."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    return template_files.download(db.session(), current_actor(), lot, options["format"])
