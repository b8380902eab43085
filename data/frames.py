"""Rows of the database kept beside it as Arrow files, one a month, for what no aggregation in SQL can answer.

A file holds what its month's stamp (`test_month`, renewed by the change itself) says, and is never written again: the
next stamp is another file. Processes of one host share them through the page cache; other hosts have their own. Losing
them costs reading the months once more.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

import polars as pl

from data import local

log = logging.getLogger(__name__)

_SUFFIX = ".arrow"


def months(
    name: str, stamps: Mapping[date, str], read: Callable[[Sequence[date]], Mapping[date, pl.DataFrame]]
) -> list[pl.LazyFrame]:
    """A lazy frame for each month of `stamps`, in their order. `read` is asked for those of which no file is here.

    `name` says what the frames hold and in which form: another form needs another name.
    """
    folder = local.folder(name)
    paths = {month: folder / f"{month:%Y-%m}.{stamp}{_SUFFIX}" for month, stamp in stamps.items()} if folder else {}
    found = {month: pl.scan_ipc(path) for month, path in paths.items() if path.exists()}
    missing = [month for month in stamps if month not in found]
    if missing:
        for month, frame in read(missing).items():
            kept = _keep(frame, paths[month]) if month in paths else None
            found[month] = pl.scan_ipc(kept) if kept else frame.lazy()
        if folder:
            _forget(folder, {path.name for path in paths.values()})
    return [found[month] for month in stamps]


def _keep(frame: pl.DataFrame, path: Path) -> Path | None:
    """Under its name only when it is complete; None when it cannot be kept."""
    unfinished = path.with_name(f".{uuid4().hex}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        frame.write_ipc(unfinished, compression="uncompressed")  # so that it is mapped, not read
        os.replace(unfinished, path)
    except OSError as error:
        log.warning("The times of tests cannot be kept in %s, which makes them slow: %s", path.parent, error)
        unfinished.unlink(missing_ok=True)
        return None
    return path


def _forget(folder: Path, current: set[str]) -> None:
    """Remove files of older stamps. Whoever reads one still has it; a stamp of a moment ago is only read again."""
    for path in folder.glob(f"*{_SUFFIX}"):
        if path.name not in current:
            path.unlink(missing_ok=True)
