"""`aegis user ...`: the people of an instance, from the command line."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import DataDir, command_actor, connected, err, out
from domain.roles import Role

if TYPE_CHECKING:
    pass

user = typer.Typer(help="The people who may sign in.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="3 to 50 letters, digits, _ or -.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    app.add_typer(user, name="user")


@user.command()
def add(
    username: Username,
    *,
    role: Annotated[Role, typer.Option(help="What this person may do.")] = Role.VIEWER,
    name: Annotated[str, typer.Option(help="The name shown on screen.")] = "",
    team: Annotated[str, typer.Option(help="The team that coverage and times count this person for.")] = "",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Add a person; prints their one-time password once."""
    with connected(data_dir):
        from jobs import people

        password = people.add_user(command_actor(), Role.ADMIN, username, role, display_name=name, team=team)
    _show_password(username, password, json=json)


@user.command("list")
def list_(json: Json = False, data_dir: DataDir = None) -> None:
    """List the people of this instance."""
    with connected(data_dir):
        from data.database import reading
        from data.repositories import people

        with reading() as session:
            rows = [
                {
                    "username": one.username,
                    "name": one.display_name,
                    "role": one.role,
                    "team": one.team,
                    "state": "demo" if one.is_demo else "disabled" if one.disabled_at else "enabled",
                    "last_signed_in_at": one.last_signed_in_at.isoformat() if one.last_signed_in_at else None,
                }
                for one in people.everyone(session)
            ]
    if json:
        _print_json(rows)
        return
    for row in rows:
        seen = row["last_signed_in_at"]
        in_team = f", team {row['team']}" if row["team"] else ""
        last = f"last signed in {seen[:16].replace('T', ' ')} UTC" if seen else "never signed in"
        out.print(
            f"{row['username']:<24} {Role(str(row['role'])).label:<16} {row['state']:<9} {last}{in_team}", markup=False
        )


@user.command()
def disable(username: Username, data_dir: DataDir = None) -> None:
    """Disable an account; its sessions end at once."""
    with connected(data_dir):
        from jobs import people

        people.set_disabled(command_actor(), Role.ADMIN, username, disabled=True)
    out.print(f"{username} is disabled and signed out everywhere.", markup=False)


@user.command()
def enable(username: Username, data_dir: DataDir = None) -> None:
    """Enable a disabled account."""
    with connected(data_dir):
        from jobs import people

        people.set_disabled(command_actor(), Role.ADMIN, username, disabled=False)
    out.print(f"{username} is enabled.", markup=False)


@user.command()
def team(
    username: Username,
    team: Annotated[str, typer.Argument(help='Its name; "" takes the person out of their team.')],
    data_dir: DataDir = None,
) -> None:
    """Put a person into a team; their past tests count for it too."""
    with connected(data_dir):
        from jobs import people

        kept = people.set_team(command_actor(), Role.ADMIN, username, team)
    out.print(f"{username} is in the team {kept}." if kept else f"{username} is in no team.", markup=False)


@user.command("reset-password")
def reset_password(username: Username, json: Json = False, data_dir: DataDir = None) -> None:
    """Give a person a new one-time password; their sessions end."""
    with connected(data_dir):
        from jobs import people

        password = people.reset_password(command_actor(), Role.ADMIN, username)
    _show_password(username, password, json=json)


def _show_password(username: str, password: str, *, json: bool) -> None:
    if json:
        _print_json({"username": username, "one_time_password": password})
        return
    out.print(f"One-time password of {username}, shown only now: {password}", markup=False)
    err.print("It must be changed at the first sign-in.")


def _print_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
