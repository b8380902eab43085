"""Two axes, and the one scale they map to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outcomes import Detection, Outcome, Prevention, best_detection, best_prevention


@pytest.mark.parametrize(
    ("prevention", "detection", "outcome"),
    [
        (Prevention.FULL, Detection.MISSED, Outcome.BLOCKED),
        (Prevention.FULL, Detection.ALERTED, Outcome.BLOCKED),
        (Prevention.PARTIAL, Detection.MISSED, Outcome.MISSED),
        (Prevention.PARTIAL, Detection.ALERTED, Outcome.ALERTED),
        (Prevention.NONE, Detection.LOGGED, Outcome.LOGGED),
        (Prevention.NONE, Detection.MISSED, Outcome.MISSED),
    ],
)
def test_one_scale(prevention: Prevention, detection: Detection, outcome: Outcome) -> None:
    assert Outcome.of(prevention, detection) is outcome


@given(st.lists(st.sampled_from(Detection), min_size=1), st.lists(st.sampled_from(Prevention), min_size=1))
def test_overall_is_the_best_over_the_tools(detections: list[Detection], preventions: list[Prevention]) -> None:
    detection, prevention = best_detection(detections), best_prevention(preventions)
    assert detection in detections
    assert all(detection.rank >= other.rank for other in detections)
    assert prevention in preventions
    assert all(prevention.rank >= other.rank for other in preventions)


def test_without_observations_there_is_no_outcome() -> None:
    assert best_detection([]) is None
    assert best_prevention([]) is None
