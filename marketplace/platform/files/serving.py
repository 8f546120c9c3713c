"""How a stored file leaves: as something to save, never as something the browser runs or guesses about."""
import logging
from io import BytesIO

from flask import send_file
from werkzeug.wrappers import Response

from marketplace.platform.errors import NotFound
from marketplace.platform.files.models import StoredFile
from marketplace.platform.files.storing import path_of

log = logging.getLogger(__name__)


def give_out(stored: StoredFile) -> Response:
    """The file as an attachment of its own type; the caller has made sure that the reader may read the row naming it."""
    path = path_of(stored)
    if not path.is_file():
        log.error("stored file is missing on disk", extra={"file_id": str(stored.id)})
        raise NotFound("file")
    content = BytesIO(path.read_bytes())
    response = send_file(content, stored.content_type, as_attachment=True, download_name=stored.name, max_age=0)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
