"""RDF written as Turtle (https://www.w3.org/TR/turtle/), as a list of triples: enough to read an ontology, no more.

A reader of its own because it is small: one expression takes the text apart, and what came out is put together again
in one pass, with a limit on nesting. Base addresses other than absolute ones and collections as subjects are left out.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DEPTH_MAX = 50
_TOKENS = re.compile(
    r'(?P<long>"""(?:[^"\\]|\\.|"(?!""))*"""|'
    + r"'''(?:[^'\\]|\\.|'(?!''))*''')"
    + r'|(?P<short>"(?:[^"\\\n]|\\.)*"|'
    + r"'(?:[^'\\\n]|\\.)*')"
    + r"""|(?P<iri><[^<>"{}|^`\\\s]*>)
    |(?P<directive>@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*)
    |(?P<type>\^\^)
    |(?P<blank>_:[\w.-]*\w)
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w:]))
    |(?P<name>[\w.-]*:(?:[\w:-]|\.+(?=[\w:-])|%[0-9a-fA-F]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])*)
    |(?P<word>[a-zA-Z]+)
    |(?P<mark>[;,.\[\]()])""",
    re.VERBOSE | re.DOTALL,
)
_SKIPPED = re.compile(r"(?:\s|#[^\n]*)*")
_ESCAPES = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


class Unreadable(Exception):
    """Why a document cannot be used, in words that follow its name: "is not Turtle (line 3)"."""


class Iri(str):
    """An absolute name of a thing."""

    __slots__ = ()


class Blank(str):
    """A thing without a name, told apart within its document only."""

    __slots__ = ()


class Literal(str):
    """A value as text, without its language or type."""

    __slots__ = ()


Node = Iri | Blank
Term = Iri | Blank | Literal


class Triple(NamedTuple):
    subject: Node
    predicate: Iri
    object: Term


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def triples(text: str) -> list[Triple]:
    """Everything the document says. Raises Unreadable."""
    reader = _Reader(text)
    try:
        reader.read()
    except StopIteration as error:
        raise Unreadable("is not Turtle: it ends in the middle of a statement") from error
    return reader.found


def _tokens(text: str) -> Iterator[_Token]:
    at = _skip(text, 0)
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None:
            raise Unreadable(f"is not Turtle (line {_line(text, at)})")
        yield _Token(found.lastgroup or "", found.group(), at)
        at = _skip(text, found.end())


def _skip(text: str, at: int) -> int:
    """Past blanks and comments."""
    found = _SKIPPED.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.found: list[Triple] = []
        self.prefixes: dict[str, str] = {}
        self.blanks = 0
        self.token: _Token | None = next(self.tokens, None)

    def read(self) -> None:
        while self.token is not None:
            if self.token.kind == "directive" or self.token.text.upper() in ("PREFIX", "BASE"):
                self._directive()
                continue
            alone = self._is("[")  # may stand without a further statement
            subject: Node = self._blank_node(0) if alone else self._node(self._take())
            if not (alone and self._is(".")):
                self._statements(subject, 0)
            self._expect(".")

    def _directive(self) -> None:
        word = self._take()
        if word.text.lower().lstrip("@") == "prefix":
            name = self._take()
            self.prefixes[name.text.rpartition(":")[0] if name.text.endswith(":") else self._wrong(name)] = self._iri()
        else:
            self._iri()  # a base: everything that is read here is absolute
        if word.text.startswith("@"):
            self._expect(".")

    def _statements(self, subject: Node, depth: int) -> None:
        while True:
            verb = self._take()
            predicate = Iri(f"{RDF}type") if verb.text == "a" else self._node(verb)
            if not isinstance(predicate, Iri):
                self._wrong(verb)
            self._objects(subject, Iri(predicate), depth)
            while self._is(";"):
                self._take()
            if self.token is None or self.token.text in (".", "]"):
                return

    def _objects(self, subject: Node, predicate: Iri, depth: int) -> None:
        while True:
            self.found.append(Triple(subject, predicate, self._object(depth)))
            if not self._is(","):
                return
            self._take()

    def _object(self, depth: int) -> Term:
        if self._is("["):
            return self._blank_node(depth + 1)
        if self._is("("):
            return self._collection(depth + 1)
        token = self._take()
        if token.kind in ("long", "short"):
            self._literal_tail()
            quotes = 3 if token.kind == "long" else 1
            return Literal(_unescaped(token.text[quotes:-quotes]))
        if token.kind == "number" or token.text in ("true", "false"):
            return Literal(token.text)
        return self._node(token)

    def _literal_tail(self) -> None:
        """Language or type, which nobody here asks for."""
        if self.token is not None and self.token.kind == "directive":
            self._take()
        elif self.token is not None and self.token.kind == "type":
            self._take()
            self._node(self._take())

    def _blank_node(self, depth: int) -> Blank:
        opened = self._take()
        if depth > _DEPTH_MAX:
            raise Unreadable(f"is nested more than {_DEPTH_MAX} levels deep (line {_line(self.text, opened.at)})")
        made = self._new_blank()
        if not self._is("]"):
            self._statements(made, depth)
        self._expect("]")
        return made

    def _collection(self, depth: int) -> Node:
        opened = self._take()
        if depth > _DEPTH_MAX:
            raise Unreadable(f"is nested more than {_DEPTH_MAX} levels deep (line {_line(self.text, opened.at)})")
        members: list[Term] = []
        while not self._is(")"):
            members.append(self._object(depth))
        self._take()
        head: Node = Iri(f"{RDF}nil")
        for member in reversed(members):
            cell = self._new_blank()
            self.found.append(Triple(cell, Iri(f"{RDF}first"), member))
            self.found.append(Triple(cell, Iri(f"{RDF}rest"), head))
            head = cell
        return head

    def _node(self, token: _Token) -> Node:
        if token.kind == "iri":
            return Iri(token.text[1:-1])
        if token.kind == "blank":
            return Blank(token.text)
        if token.kind == "name":
            prefix, _, local = token.text.partition(":")
            if prefix not in self.prefixes:
                self._wrong(token)
            return Iri(self.prefixes[prefix] + re.sub(r"\\(.)", r"\1", local))
        return Iri(self._wrong(token))

    def _iri(self) -> str:
        token = self._take()
        return token.text[1:-1] if token.kind == "iri" else self._wrong(token)

    def _new_blank(self) -> Blank:
        self.blanks += 1
        return Blank(f"_:{self.blanks} ")  # with a space, which no written name has

    def _is(self, mark: str) -> bool:
        return self.token is not None and self.token.kind == "mark" and self.token.text == mark

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != mark:
            self._wrong(token)

    def _take(self) -> _Token:
        token = self.token
        if token is None:
            raise StopIteration
        self.token = next(self.tokens, None)
        return token

    def _wrong(self, token: _Token) -> str:
        raise Unreadable(f"is not Turtle (line {_line(self.text, token.at)})")


def _unescaped(text: str) -> str:
    def written(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "uU" and len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
        return _PLAIN.get(code, code)

    return _ESCAPES.sub(written, text) if "\\" in text else text
