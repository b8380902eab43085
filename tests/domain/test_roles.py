"""Who may do what."""

import pytest

from domain.errors import PermissionDenied
from domain.roles import GRANTS, Permission, Role, may, require, who_may


def test_every_permission_is_granted_and_administrators_hold_all_but_the_approvals() -> None:
    assert set(GRANTS) == set(Permission)
    approvals = {Permission.APPROVE_RED, Permission.APPROVE_BLUE}
    assert {permission for permission in Permission if not may(Role.ADMIN, permission)} == approvals


def test_each_side_is_approved_by_its_own_lead_and_nobody_else() -> None:
    assert who_may(Permission.APPROVE_RED) == "Red lead"
    assert who_may(Permission.APPROVE_BLUE) == "Blue lead"


def test_red_executes_and_blue_evaluates() -> None:
    assert who_may(Permission.EXECUTE_TEST) == "Red operator, Red lead or Administrator"
    assert who_may(Permission.EVALUATE_TEST) == "Blue operator, Blue lead or Administrator"


def test_a_viewer_may_only_read() -> None:
    assert [permission for permission in Permission if may(Role.VIEWER, permission)] == [Permission.READ]


def test_what_is_refused_says_who_may() -> None:
    with pytest.raises(PermissionDenied, match="Administrator; yours is Blue operator"):
        require(Role.BLUE_TECH, Permission.RUN_SYNC)
    assert who_may(Permission.REVIEW_TECHNIQUE) == "Red lead, Blue lead or Administrator"
