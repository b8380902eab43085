"""What a username, a team and a password must be."""

import re
import secrets
import string

from domain.errors import BadInput

USERNAME_PATTERN = re.compile(r"[A-Za-z0-9_-]{3,50}")
RESERVED_USERNAMES = frozenset(
    {"admin", "root", "system", "api", "null", "undefined", "administrator", "superuser", "aegis"}
)
TEAM_MAX = 80
RESERVED_TEAMS = frozenset({"none"})  # an address that asks for it means those without a team
PASSWORD_MIN = 12
PASSWORD_MAX = 256  # beyond that hashing only costs time
_SPECIAL = set(string.punctuation + " ")


def check_username(username: str) -> str:
    """The username as it is kept; raises BadInput with the rule that it breaks."""
    if not USERNAME_PATTERN.fullmatch(username):
        raise BadInput(
            "A username has 3 to 50 letters, digits, _ or -.", errors={"username": "3-50 letters, digits, _ -"}
        )
    if username.lower() in RESERVED_USERNAMES:
        raise BadInput(f"The username {username} is reserved; choose another.", errors={"username": "reserved"})
    return username


def check_team(text: str) -> str:
    """The name of a team as it is kept, without spare blanks; '' for none. Raises BadInput with the rule it breaks."""
    team = " ".join(text.split())
    if len(team) > TEAM_MAX:
        raise BadInput(f"The name of a team has at most {TEAM_MAX} characters.", errors={"team": "too long"})
    if not team.isprintable():
        raise BadInput("The name of a team has characters that cannot be shown.", errors={"team": "not printable"})
    if team.lower() in RESERVED_TEAMS:
        raise BadInput(f"No team can be called {team}; leave it empty for no team.", errors={"team": "reserved"})
    return team


def check_password(password: str, *, username: str = "") -> str:
    """The password itself; raises BadInput naming everything it lacks at once."""
    lacking = []
    if len(password) < PASSWORD_MIN:
        lacking.append(f"at least {PASSWORD_MIN} characters")
    if not any(c.isupper() for c in password):
        lacking.append("an upper-case letter")
    if not any(c.islower() for c in password):
        lacking.append("a lower-case letter")
    if not any(c.isdigit() for c in password):
        lacking.append("a digit")
    if not any(c in _SPECIAL for c in password):
        lacking.append("a special character")
    if lacking:
        raise BadInput(f"The password needs {_listed(lacking)}.", errors={"password": _listed(lacking)})
    if len(password) > PASSWORD_MAX:
        raise BadInput(f"A password has at most {PASSWORD_MAX} characters.", errors={"password": "too long"})
    if username and username.lower() in password.lower():
        raise BadInput("The password must not contain the username.", errors={"password": "contains the username"})
    return password


def one_time_password() -> str:
    """A random password of 119 bits that meets the rules and is readable aloud (no 0/O, 1/l/I)."""
    letters = "abcdefghijkmnpqrstuvwxyz"
    alphabet = letters + letters.upper().replace("O", "") + "23456789"
    while True:
        groups = ["".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4)]
        candidate = "-".join(groups)
        if all(any(test(c) for c in candidate) for test in (str.isupper, str.islower, str.isdigit)):
            return candidate


def _listed(things: list[str]) -> str:
    return things[0] if len(things) == 1 else ", ".join(things[:-1]) + " and " + things[-1]
