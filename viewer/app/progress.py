"""Progress on the terminal: a bar where there is one, silence where there is none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[float, str], None]
"""(done 0..1, what is being done)."""


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A `rich` bar on standard error; cleared at the end. Without a terminal nothing is drawn."""
    if not sys.stderr.isatty():
        yield lambda done, doing: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[doing]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, doing="")
        yield lambda done, doing: bar.update(task, completed=done, doing=doing)
