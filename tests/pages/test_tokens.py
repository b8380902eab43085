"""Colours are legible in both themes, and the stylesheet is the module written out."""

from itertools import pairwise
from pathlib import Path

import pytest

from pages.components import tokens

AA_TEXT = 4.5
AA_PARTS = 3.0  # parts of controls and graphics (WCAG 2.2, 1.4.11)
MEANINGS = ("blocked", "alerted", "logged", "missed", "untested", "progress", "review")
THEMES = tuple(tokens.THEMES)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def fills_with_ink() -> list[tuple[str, str]]:
    return [
        *((f"c-{name}", f"c-{name}-ink") for name in MEANINGS),
        *((f"ramp-{step}", f"ramp-{step}-ink") for step in range(tokens.RAMP_STEPS)),
        *((f"diverge-{step}", f"diverge-{step}-ink") for step in range(tokens.DIVERGE_STEPS)),
        ("accent", "accent-ink"),
    ]


def text_on_surface() -> list[tuple[str, str]]:
    texts = ["ink", "ink-2", "accent", *(f"c-{name}-text" for name in MEANINGS)]
    return [(surface, text) for surface in ("bg", "surface", "surface-2") for text in texts] + [("accent-soft", "ink")]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ground", "text"), fills_with_ink() + text_on_surface())
def test_text_passes_aa_on_its_ground(theme: tokens.ThemeName, ground: str, text: str) -> None:
    values = tokens.THEMES[theme]
    assert contrast(values[ground], values[text]) >= AA_TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["bg", "surface", "surface-2"])
@pytest.mark.parametrize("part", ["focus", "edge"])
def test_edges_of_controls_and_the_focus_ring_stand_out(theme: tokens.ThemeName, ground: str, part: str) -> None:
    values = tokens.THEMES[theme]
    assert contrast(values[ground], values[part]) >= AA_PARTS


@pytest.mark.parametrize("theme", THEMES)
def test_the_ramp_only_gains_contrast_with_the_page(theme: tokens.ThemeName) -> None:
    distances = [contrast(colour, tokens.THEMES[theme]["surface"]) for colour in tokens.ramp(theme)]
    assert all(more > less for less, more in pairwise(distances))


def test_both_themes_name_the_same_tokens() -> None:
    assert set(tokens.LIGHT) == set(tokens.DARK)


def test_the_stylesheet_is_the_module_written_out() -> None:
    stylesheet = Path(tokens.__file__).parents[2] / "assets" / "tokens.css"
    assert stylesheet.read_text(encoding="utf-8") == tokens.as_css()


@pytest.mark.parametrize(
    ("share", "step"), [(-1.0, 0), (0.0, 0), (0.124, 0), (0.125, 1), (0.5, 4), (0.999, 7), (1.0, 7), (2.0, 7)]
)
def test_a_share_falls_on_its_step(share: float, step: int) -> None:
    assert tokens.ramp_step(share) == step
