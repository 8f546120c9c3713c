"""Stored files: kept per owner beside the database, typed by their content, given out through the row that names them."""
from marketplace.platform.files.models import StoredFile
from marketplace.platform.files.rules import LARGEST_FILE, Upload, read_upload
from marketplace.platform.files.serving import give_out
from marketplace.platform.files.storing import keep, sweep_orphans

__all__ = ["LARGEST_FILE", "StoredFile", "Upload", "give_out", "keep", "read_upload", "sweep_orphans"]
