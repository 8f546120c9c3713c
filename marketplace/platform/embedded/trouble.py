"""What is raised when the embedded server cannot be had."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot be prepared, started or stopped; the message says why and what to do."""
