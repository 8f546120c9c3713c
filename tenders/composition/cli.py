"""`grappe compose INSTANCE`: an instance file in, a solution file out; no database, no server."""
import json
import sys
import time
from pathlib import Path

import click

from tenders.composition.instance import Limits
from tenders.composition.reading import MalformedInstance, read_instance
from tenders.composition.solve import Composition, Progress, Settings, compose
from tenders.composition.writing import solution_document

MALFORMED = 2
LEAST_SECONDS = 0.1


@click.command("compose")
@click.argument("instance", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write (default: standard output)."
)
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True, help="Seconds.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True)
@click.option("--gap", type=click.FloatRange(0, 1), default=5e-4, show_default=True, help="Stop once this close to the bound.")
@click.option("--min-members", type=click.IntRange(min=1), default=1, show_default=True, help="Members per contract.")
@click.option("--max-members", type=click.IntRange(min=1), default=None, help="Members per contract (default: any number).")
@click.option("--progress", is_flag=True, help="Say on standard error how cost, bound and gap develop.")
def compose_instance(
    instance: Path, output: Path | None, time_limit: float, seed: int, gap: float, min_members: int, max_members: int | None,
    progress: bool,
) -> None:  # fmt: skip
    """Propose who buys together, from whom, with a certified gap: a grappe-composition/1 file in, its solution out.

    Exit status 2 when the instance is malformed; each error is then named by path and reason on standard error.
    """
    try:
        parsed = read_instance(instance.read_bytes())
    except MalformedInstance as malformed:
        for error in malformed.errors:
            click.echo(f"{error.path}: {error.reason}", err=True)
        sys.exit(MALFORMED)
    tell = (lambda step: click.echo(line_of(step, parsed.coins), err=True)) if progress else None
    # What reading took, and starting the program (about its CPU seconds so far), is part of the time given.
    left = max(LEAST_SECONDS, time_limit - time.process_time())
    settings = Settings(left, gap, seed, Limits(min_members, max_members), tell)
    composition = compose(parsed, settings)
    text = json.dumps(solution_document(composition), ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
        click.echo(summary(composition))


def line_of(progress: Progress, coins: int) -> str:
    """One line of progress: seconds, step, cost, bound and gap."""
    cost, bound = progress.cost / coins, progress.bound / coins
    return f"{progress.seconds:8.2f} s  {progress.step:<12}  cost {cost:.2f}  bound {bound:.2f}  gap {100 * progress.gap:.4f} %"


def summary(composition: Composition) -> str:
    """What was found, in three lines."""
    instance, evaluation = composition.instance, composition.evaluation
    outside = sum(offer < 0 for offer in composition.assignment)
    complaint = composition.complaint
    return "\n".join([
        f"cost {instance.euros(evaluation.cost)} EUR, bound {instance.euros(composition.bound)} EUR: "
        f"at most {100 * composition.gap:.4f} % from the best possible",
        f"{len(evaluation.contracts)} contracts, {len(instance.needs)} needs, {outside} of them outside",
        "largest complaint found: "
        + (f"{len(complaint.needs)} needs, {instance.euros(complaint.amount)} EUR" if complaint else "none"),
    ])  # fmt: skip
