"""Callbacks asked over HTTP as Dash's renderer asks them: with the inputs they registered, token and session."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

OPEN_PAGE = "page.children...title.children...answer.children"


@dataclass(frozen=True, slots=True)
class Answer:
    """`outputs` and `beside` (what `set_props` sent along) by "id.property"; empty where nothing was to change."""

    status: int
    outputs: Mapping[str, Any]
    beside: Mapping[str, Any]
    text: str

    @property
    def toast(self) -> str:
        return said(self.beside.get("toasts.children"))


@dataclass(slots=True)
class Asking:
    """The callbacks of one client. Values are by "id.property"; of a pattern, by "type.property" in a list of ids."""

    client: FlaskClient
    _token: str = ""
    _known: list[dict[str, Any]] = field(default_factory=list)

    def open(self, path: str, search: str = "") -> Answer:
        """A page, by its address."""
        return self.ask("url.pathname", {"url.pathname": path, "url.search": search}, of=OPEN_PAGE)

    def ask(
        self, trigger: str | tuple[Mapping[str, str], str], values: Mapping[str, Any] | None = None, *, of: str = ""
    ) -> Answer:
        """What the callback with this input answers; `of` is part of its output where several have the input.

        `trigger` is "id.property", or an id of a pattern and its property; the latter is clicked once.
        """
        given = dict(values or {})
        if isinstance(trigger, str):
            name, changed = trigger, trigger
        else:
            ident, prop = trigger
            name = f"{ident['type']}.{prop}"
            changed = f"{json.dumps(ident, separators=(',', ':'), sort_keys=True)}.{prop}"
            given.setdefault(name, [(ident, 1)])
        callback = self._find(name, of)
        body = {
            "output": callback["output"],
            "outputs": [] if callback["no_output"] else _outputs(callback["output"], given),
            "inputs": [_filled(one, given) for one in callback["inputs"]],
            "state": [_filled(one, given) for one in callback.get("state", ())],
            "changedPropIds": [changed],
        }
        return self._read(self.client.post("/_dash-update-component", json=body, headers=self._headers()))

    def _headers(self) -> dict[str, str]:
        if not self._token:
            self.client.get("/password", headers={"Accept": "text/html"})
            cookie = self.client.get_cookie("_csrf_token")
            assert cookie is not None
            self._token = cookie.value
        return {"X-CSRFToken": self._token}

    def _find(self, name: str, of: str) -> dict[str, Any]:
        if not self._known:
            self._known = self.client.get("/_dash-dependencies").get_json()
        found = [
            one
            for one in self._known
            if of in one["output"] and name in {f"{_kind(each['id'])}.{each['property']}" for each in one["inputs"]}
        ]
        assert len(found) == 1, (name, [one["output"] for one in found])
        return found[0]

    @staticmethod
    def _read(response: Any) -> Answer:
        body = response.get_json(silent=True) or {}
        return Answer(
            response.status_code, _flat(body.get("response")), _flat(body.get("sideUpdate")), response.get_data(True)
        )


def said(node: Any) -> str:
    """Every word in a component tree, as it goes over the wire, that a person would read."""
    return " ".join(_words(node))


def links(node: Any) -> dict[str, str]:
    """Href by words, of every link in it."""
    found: dict[str, str] = {}
    if isinstance(node, list):
        for one in node:
            found |= links(one)
    elif isinstance(node, dict):
        props = node["props"]
        if props.get("href"):
            found[said(props["children"])] = props["href"]
        found |= links(props.get("children"))
    return found


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        inside = node.get("props", node)
        for name in ("children", "html", "rows", "t", "s", "options", "label"):
            yield from _words(inside.get(name))
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _words(one)
    elif node is not None:
        yield from str(node).split()


def _kind(ident: str) -> str:
    return str(json.loads(ident)["type"]) if ident.startswith("{") else ident


def _filled(asked: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    value = given.get(f"{_kind(asked['id'])}.{asked['property']}")
    if asked["id"].startswith("{"):
        return [{"id": ident, "property": asked["property"], "value": one} for ident, one in value or ()]
    return {"id": asked["id"], "property": asked["property"], "value": value}


def _outputs(output: str, given: Mapping[str, Any]) -> Any:
    if output.startswith(".."):
        return [_outputs(one, given) for one in output.removeprefix("..").removesuffix("..").split("...")]
    ident, prop = output.rsplit(".", 1)
    if ident.startswith("{"):
        return [{"id": one, "property": prop} for one, _ in given.get(f"{_kind(ident)}.id", ())]
    return {"id": ident, "property": prop}


def _flat(found: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    return {f"{ident}.{prop}": value for ident, props in (found or {}).items() for prop, value in props.items()}
