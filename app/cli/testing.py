"""`aegis act`: an action on a test, as the page does it, from the command line."""

from typing import Annotated, Any

import typer

from app.cli.console import DataDir, connected, out
from domain.errors import BadInput

Number = Annotated[int, typer.Argument(help="The number of the test.", min=1)]
Kind = Annotated[str, typer.Argument(help="The action, such as start, submit_red, observe, approve, comment.")]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help='A field of the action; true, false, null, numbers, {...} and "..." are read as JSON, the rest as text.',
    ),
]


def register(app: typer.Typer) -> None:
    app.command("act")(act)


def act(
    number: Number,
    kind: Kind,
    by: Annotated[str, typer.Option("--by", metavar="USERNAME", help="Who acts; their role decides what they may.")],
    fields: Fields = None,
    data_dir: DataDir = None,
) -> None:
    """Do something to a test in somebody's name, by the same rules as on its page."""
    payload = dict(_read(one) for one in fields or ())
    with connected(data_dir):
        from uuid import uuid4

        from data.database import Actor, reading
        from data.queries import security_test
        from data.repositories import people
        from jobs import workflow

        with reading() as session:
            person = people.named(session, by)
            actor = Actor(name=f"{person.username} (command line)", id=person.id)
        if kind == "retest":
            payload.setdefault("new_id", str(uuid4()))
        test_id = security_test.id_of(number)
        action = workflow.asked(workflow.read(kind, payload), test_id, uuid4())
        done = workflow.do_now(action, actor)
    out.print(f"Test {number}: {kind} is {done.state}; version {done.version}.", markup=False)


def _read(field: str) -> tuple[str, Any]:
    """Raises BadInput for what is not NAME=VALUE."""
    import orjson

    name, is_, value = field.partition("=")
    if not is_ or not name.strip():
        raise BadInput(f"Fields are given as NAME=VALUE, not as {field[:60]}.")
    try:
        return name.strip(), orjson.loads(value)
    except orjson.JSONDecodeError:
        return name.strip(), value
