"""How far a run is: to a bar on the terminal at once, to the database a few times a second."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from data.database import unit_of_work
from data.repositories import sync_runs

# Units done, units in all (None while unknown), what is being done.
Report = Callable[[int, int | None, str | None], None]

_EVERY_SECONDS = 0.3


class ProgressWriter:
    """Writes in short transactions of its own, so that others see it while the run's own transaction is open."""

    def __init__(self, run_id: UUID, report: Report | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._run_id = run_id
        self._report = report
        self._clock = clock
        self._written_at: float | None = None
        self._phase: str | None = None

    def step(self, phase: str, done: int | None, total: int | None) -> None:
        if self._report is not None:
            self._report(done or 0, total, phase[:1].lower() + phase[1:])
        now = self._clock()
        new_phase, self._phase = phase != self._phase, phase
        if not new_phase and self._written_at is not None and now - self._written_at < _EVERY_SECONDS:
            return
        self._written_at = now
        with unit_of_work() as session:
            sync_runs.progress(session, self._run_id, phase=phase, done=done, total=total, now=datetime.now(UTC))
