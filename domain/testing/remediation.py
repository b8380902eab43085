"""A known gap and what becomes of it: `open -> in_progress -> done | risk_accepted`."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.outcomes import RemediationState

DUE_DAYS = {1: 14, 2: 30, 3: 60}  # by the priority of the test, until somebody sets another date
DUE_DAYS_MAX = 3 * 365
RISK_ACCEPTED_DAYS_MAX = 2 * 365  # an accepted risk is looked at again


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    state: RemediationState = RemediationState.OPEN
    owner_id: UUID | None = None
    due_on: date | None = None
    note: str = ""
    opened_at: datetime
    completed_at: datetime | None = None
    accepted_reason: str | None = None
    accepted_until: date | None = None

    @property
    def unfinished(self) -> bool:
        return self.state in (RemediationState.OPEN, RemediationState.IN_PROGRESS)
