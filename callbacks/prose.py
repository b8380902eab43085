"""ATT&CK's texts made safe: Markdown with HTML in it, citations and links, all of it untrusted.

Links to ATT&CK's own pages of techniques lead to ours; every other link opens outside, without a referrer.
"""

import html
import re
from functools import cache

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "em",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "sup",
    "ul",
}
_ATTRIBUTES = {"a": {"href", "title"}, "sup": {"title", "class"}}
_TECHNIQUE_URL = re.compile(r"https://attack\.mitre\.org/techniques/(T\d{4})(?:/(\d{3}))?/?")
_CITATION = re.compile(r"\(Citation: ([^()]*(?:\([^()]*\)[^()]*)*)\)")
_ANCHOR = re.compile(r'<a href="([^"]*)"')
_LENGTH_MAX = 60_000


def to_html(text: str) -> str:
    """Safe HTML of a description; citations become small marks that name their source."""
    linked = _TECHNIQUE_URL.sub(_to_ours, text[:_LENGTH_MAX])
    marked = _CITATION.sub(_citation, linked)
    clean = nh3.clean(
        _markdown().render(marked),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel=None,
        clean_content_tags={"script", "style"},
    )
    return _ANCHOR.sub(_outside, clean)


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True, "linkify": False})


def _to_ours(found: re.Match[str]) -> str:
    technique, sub = found.groups()
    return f"/technique/{technique}.{sub}" if sub else f"/technique/{technique}"


def _citation(found: re.Match[str]) -> str:
    name = html.escape(found.group(1).strip(), quote=True)
    return f'<sup class="citation" title="{name}">{name}</sup>'


def _outside(found: re.Match[str]) -> str:
    href = found.group(1)
    if href.startswith("/technique/"):
        return f'<a data-go="" href="{href}"'
    return f'<a target="_blank" rel="noopener noreferrer" href="{href}"'


# A shortened text may end in the middle of a link or a citation.
_LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*(?:\)|$)")
_CUT_CITATION = re.compile(r"\(Cit[^()]*$")
_TAG = re.compile(r"</?[a-z]+>")


def plain(text: str) -> str:
    """A short description as plain text: no links, citations or marks."""
    whole = _CUT_CITATION.sub("…", _CITATION.sub("", text))
    return _TAG.sub("", _LINK.sub(r"\1", whole)).strip()
