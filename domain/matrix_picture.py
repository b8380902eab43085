"""The matrix as an SVG picture: the same cells, buckets and legend as on screen, in colours for paper."""

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from domain.heatmap import OUT_OF_SCOPE, Bucket
from domain.heatmap_shown import CONTEXT, HIDDEN, Mark, Shown

_COLUMN, _GAP, _ROW, _MARGIN = 146, 4, 16, 24
_HEAD = 34
_LEGEND_ROW = 18
_INDENT = 8
_LETTER = 4.35  # mean width of a letter at 8 px in the usual sans-serif faces
_FONT = "font-family=\"system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif\""
_CONTROL = dict.fromkeys(range(32))


def svg(shown: Shown, *, title: str, scope: str, colours: Mapping[str, str]) -> str:
    """`title` and `scope` stand above the picture; `colours` are token -> colour, of one theme."""
    return "".join(_Picture(shown, colours).draw(title, scope))


def _text(value: str) -> str:
    return escape(value.translate(_CONTROL))


class _Picture:
    def __init__(self, shown: Shown, colours: Mapping[str, str]) -> None:
        self.shown = shown
        self.colours = colours
        self.columns = shown.visible_tactics
        self.listed = {t: self._listed(t) for t in self.columns}
        self.width = max(2 * _MARGIN + len(self.columns) * (_COLUMN + _GAP) - _GAP, 560)
        self.marks: dict[str, list[Mark]] = {}
        for mark in shown.overlay.marks if shown.overlay else ():
            self.marks.setdefault(mark.technique, []).append(mark)

    def _listed(self, tactic: int) -> list[tuple[int, bool]]:
        """Cells of a column from the top: (index, whether it is indented under its technique)."""
        cells, state = self.shown.cells, self.shown.state
        here = [i for i, cell in enumerate(cells) if tactic in cell.tactics and state[i] != HIDDEN]
        below: dict[int, list[int]] = {}
        for i in here:
            below.setdefault(cells[i].parent, []).append(i)
        present = set(here)
        listed: list[tuple[int, bool]] = []
        for i in here:
            parent = cells[i].parent
            if parent >= 0 and parent in present:
                continue
            listed.append((i, False))
            if self.shown.view.subs == "all":
                listed.extend((kid, True) for kid in below.get(i, ()))
        return listed

    def draw(self, title: str, scope: str) -> Iterator[str]:
        legend, legend_height = self._legend(_MARGIN + 56)
        top = _MARGIN + 56 + legend_height + 12
        tallest = max((len(cells) for cells in self.listed.values()), default=0)
        height = top + _HEAD + tallest * _ROW + _MARGIN + 14
        summary = f"{self.shown.headline_words()}. {self.shown.mode.definition} Scope: {scope}."
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height}" width="{self.width}" '
            f'height="{height}" role="img" {_FONT} font-size="8">'
            f"<title>{_text(title)}</title><desc>{_text(summary)}</desc>"
        )
        yield self._patterns()
        yield f'<rect width="100%" height="100%" fill="{self.colours["surface"]}"/>'
        yield self._line(_MARGIN + 14, title, size=16, weight=600)
        yield self._line(
            _MARGIN + 30, f"{self.shown.headline_words()}. As of {self.shown.day}. Scope: {scope}.", size=9
        )
        yield self._line(_MARGIN + 43, self.shown.mode.definition, size=9, quiet=True)
        yield from legend
        for n, tactic in enumerate(self.columns):
            yield from self._column(_MARGIN + n * (_COLUMN + _GAP), top, tactic)
        foot = "ATT&CK® © The MITRE Corporation, reproduced with permission. Counts hold a technique once."
        yield self._line(height - _MARGIN + 6, foot, size=8, quiet=True)
        yield "</svg>\n"

    def _line(self, y: float, words: str, *, size: int, weight: int = 400, quiet: bool = False) -> str:
        limit = int((self.width - 2 * _MARGIN) / (_LETTER * size / 8 * 1.08))
        ink = self.colours["ink-2" if quiet else "ink"]
        return (
            f'<text x="{_MARGIN}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{ink}">'
            f"{_text(_short(words, limit))}</text>"
        )

    def _patterns(self) -> str:
        line = f'stroke="{self.colours["edge"]}" stroke-width="0.8" stroke-opacity="0.45"'
        return (
            '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)">'
            f'<rect width="5" height="5" fill="{self.colours["surface"]}"/>'
            f'<line x1="0" y1="0" x2="0" y2="5" {line}/></pattern></defs>'
        )

    def _legend(self, top: float) -> tuple[list[str], float]:
        parts: list[str] = []
        x, y = float(_MARGIN), top
        for bucket, count in zip(self.shown.buckets, self.shown.counts, strict=True):
            if bucket.key == OUT_OF_SCOPE and not count:
                continue
            words = f"{bucket.glyph} {bucket.label}: {count} of {self.shown.total}".strip()
            width = 22 + len(words) * _LETTER * 9 / 8 + 12
            if x + width > self.width - _MARGIN and x > _MARGIN:
                x, y = float(_MARGIN), y + _LEGEND_ROW
            ink = self.colours["ink"]
            parts.append(
                f'<rect x="{x:.0f}" y="{y:.0f}" width="14" height="10" rx="2" {self._fill(bucket)}/>'
                f'<text x="{x + 19:.0f}" y="{y + 8.5:.1f}" font-size="9" fill="{ink}">{_text(words)}</text>'
            )
            x += width
        return parts, y - top + _LEGEND_ROW

    def _fill(self, bucket: Bucket) -> str:
        if bucket.texture == "hatch":
            return f'fill="url(#hatch)" stroke="{self.colours["edge"]}" stroke-opacity="0.5" stroke-width="0.6"'
        return f'fill="{self.colours[bucket.token]}"'

    def _column(self, x: float, top: float, tactic: int) -> Iterator[str]:
        n, total = self.shown.columns[tactic]
        name = _text(_short(self.shown.tactics[tactic].name, 26))
        count = _text(f"{n} of {total} {self.shown.mode.headline}")
        ink, quiet = self.colours["ink"], self.colours["ink-2"]
        yield (
            f'<text x="{x}" y="{top + 11}" font-size="10" font-weight="600" fill="{ink}">{name}</text>'
            f'<text x="{x}" y="{top + 23}" font-size="8.5" fill="{quiet}">{count}</text>'
            f'<line x1="{x}" y1="{top + 28}" x2="{x + _COLUMN}" y2="{top + 28}" stroke="{self.colours["edge"]}" '
            f'stroke-width="0.7"/>'
        )
        for row, (i, indented) in enumerate(self.listed[tactic]):
            yield self._cell(x + (_INDENT if indented else 0), top + _HEAD + row * _ROW, i, tactic, indented)

    def _cell(self, x: float, y: float, i: int, tactic: int, indented: bool) -> str:
        shown = self.shown
        cell, bucket = shown.cells[i], shown.buckets[shown.bucket[i]]
        width, height = _COLUMN - (_INDENT if indented else 0), _ROW - 2
        context = shown.state[i] == CONTEXT
        value = "" if context else shown.value[i]
        ink = self._ink(i)
        room = int((width - 40 - (len(value) * _LETTER + 6 if value else 4)) / _LETTER)
        glyph = "" if context else bucket.glyph
        words = (
            f"{cell.id} {cell.name}: {'outside the filter' if context else bucket.label}{f', {value}' if value else ''}"
        )
        dim = "" if shown.lit[i] and not context else ' opacity="0.3"'
        return (
            f"<g{dim}><title>{_text(words)}</title>{self._box(x, y, width, height, i)}"
            f'<text y="{y + 10}" fill="{ink}"><tspan x="{x + 3}">{_text(glyph)}</tspan>'
            f'<tspan x="{x + 12}" font-weight="600">{_text(cell.id)}</tspan>'
            f'<tspan x="{x + (52 if cell.parent >= 0 else 38)}">'
            f"{_text(_short(cell.name, room - (3 if cell.parent >= 0 else 0)))}</tspan></text>"
            + (
                f'<text x="{x + width - 3}" y="{y + 10}" text-anchor="end" fill="{ink}">{_text(value)}</text>'
                if value
                else ""
            )
            + self._overlay(x, y, width, cell.id, tactic)
            + "</g>"
        )

    def _pale(self, i: int) -> bool:
        """Drawn on (nearly) plain ground: no fill, or one thinned out."""
        cell, bucket = self.shown.cells[i], self.shown.buckets[self.shown.bucket[i]]
        return (
            self.shown.state[i] == CONTEXT
            or bucket.texture == "hatch"
            or (bucket.fades and self.shown.mode.stale(cell))
            or self.shown.mode.uncertain(cell)
        )

    def _ink(self, i: int) -> str:
        bucket = self.shown.buckets[self.shown.bucket[i]]
        return self.colours["ink"] if self._pale(i) else self.colours.get(f"{bucket.token}-ink", self.colours["ink"])

    def _box(self, x: float, y: float, width: float, height: float, i: int) -> str:
        cell, bucket = self.shown.cells[i], self.shown.buckets[self.shown.bucket[i]]
        at = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="2"'
        if self.shown.state[i] == CONTEXT:
            return f'<rect {at} fill="none" stroke="{self.colours["edge"]}" stroke-opacity="0.4" stroke-width="0.5"/>'
        if bucket.texture != "hatch" and self.shown.mode.uncertain(cell):
            fill = self.colours[bucket.token]
            box = (
                f'<rect {at} fill="{self.colours["surface"]}" stroke="{fill}" stroke-width="1"/>'
                f'<rect x="{x}" y="{y}" width="3" height="{height}" fill="{fill}"/>'
            )
        elif self.shown.mode.stale(cell) and bucket.texture == "fill":
            fill = self.colours[bucket.token]
            thin = ' fill-opacity="0.45"' if bucket.fades else ""
            box = f'<rect {at} fill="{fill}"{thin} stroke="{self.colours["ink"]}" stroke-dasharray="1.5 1.5"/>'
        else:
            box = f"<rect {at} {self._fill(bucket)}/>"
        if cell.review:
            box += f'<path d="M{x} {y + height}v-6l6 6z" fill="{self.colours["c-review"]}"/>'
        return box

    def _overlay(self, x: float, y: float, width: float, technique: str, tactic: int) -> str:
        key = self.shown.tactics[tactic].key
        mark = next((mark for mark in self.marks.get(technique, ()) if mark.tactic in (None, key)), None)
        if mark is None:
            return ""
        colour = mark.colour or self.colours["accent"]
        edge = x + width
        words = "" if mark.score is None else f"{self.shown.overlay.name if self.shown.overlay else ''}: {mark.score:g}"
        return f'<path d="M{edge} {y}h-7l7 7z" fill={quoteattr(colour)}/>' + (
            f"<desc>{_text(words)}</desc>" if words else ""
        )


def _short(words: str, limit: int) -> str:
    return words if len(words) <= limit else words[: max(limit - 1, 1)].rstrip() + "…"
