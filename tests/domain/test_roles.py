"""Who may do what."""

import pytest

from domain.errors import PermissionDenied
from domain.roles import GRANTS, Permission, Role, may, require, who_may


def test_every_permission_is_granted_and_administrators_hold_them_all() -> None:
    assert set(GRANTS) == set(Permission)
    assert all(may(Role.ADMIN, permission) for permission in Permission)


def test_a_viewer_may_only_read() -> None:
    assert [permission for permission in Permission if may(Role.VIEWER, permission)] == [Permission.READ]


def test_what_is_refused_says_who_may() -> None:
    with pytest.raises(PermissionDenied, match="Administrator; yours is Blue operator"):
        require(Role.BLUE_TECH, Permission.RUN_SYNC)
    assert who_may(Permission.REVIEW_TECHNIQUE) == "Red lead, Blue lead or Administrator"
