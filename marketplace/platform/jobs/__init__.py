"""The worker: periodic jobs that drain the outbox, seal the audit and do what falls due (architecture §5.4)."""
from marketplace.platform.jobs.checks import Check, each_apart, on_check, run_checks
from marketplace.platform.jobs.models import JobRun
from marketplace.platform.jobs.worker import Work, on_queue, run_worker

__all__ = ["Check", "JobRun", "Work", "each_apart", "on_check", "on_queue", "run_checks", "run_worker"]
