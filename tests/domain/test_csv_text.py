"""No text of ours becomes a formula in a spreadsheet."""

import pytest

from domain.csv_text import spreadsheet_safe


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert spreadsheet_safe(text) == "'" + text


@pytest.mark.parametrize("value", ["T1059", "", "a=b", -5, 0.5, None])
def test_everything_else_is_left_alone(value: object) -> None:
    assert spreadsheet_safe(value) == value
