"""The design tokens: every colour, size and space, defined once.

Screens read them as CSS custom properties from `assets/tokens.css`, which is this module written out
(`python -m pages.components.tokens > assets/tokens.css`; a test holds the two together). Plotly templates, the SVG
export and the PDF read the same values here.

Names are those of the custom properties without the leading dashes. `c-*` are meanings, `c-*-ink` is text on that fill,
`c-*-text` is the meaning as text or line on a surface. `ramp-0` (least) to `ramp-7` (most) is one perceptual scale that
gains contrast with the page; `diverge-0` (most negative) to `diverge-6` (most positive) is centred on `diverge-3`.
"""

from collections.abc import Mapping
from typing import Literal

ThemeName = Literal["light", "dark"]

_DARK_INK = "#0b1220"
_WHITE = "#ffffff"

# Outcomes are Okabe-Ito: told apart with any colour vision, and the same in both themes.
_MEANINGS: Mapping[str, tuple[str, str]] = {
    "c-blocked": ("#0072b2", _WHITE),
    "c-alerted": ("#009e73", _DARK_INK),
    "c-logged": ("#e69f00", _DARK_INK),
    "c-missed": ("#d55e00", _DARK_INK),
    "c-progress": ("#56b4e9", _DARK_INK),
    "c-review": ("#cc79a7", _DARK_INK),
}

# Coverage status borrows the outcome colours: covered reads as alerted, uncovered as missed.
STATUS_COLOUR: Mapping[str, str] = {
    "covered": "c-alerted",
    "partial": "c-logged",
    "uncovered": "c-missed",
    "in_progress": "c-progress",
    "untested": "c-untested",
    "review": "c-review",
}


def _steps(name: str, colours: tuple[tuple[str, str], ...]) -> dict[str, str]:
    steps: dict[str, str] = {}
    for index, (fill, ink) in enumerate(colours):
        steps[f"{name}-{index}"] = fill
        steps[f"{name}-{index}-ink"] = ink
    return steps


def _meanings() -> dict[str, str]:
    return {
        key: value for name, (fill, ink) in _MEANINGS.items() for key, value in ((name, fill), (f"{name}-ink", ink))
    }


LIGHT: Mapping[str, str] = {
    "bg": "#f8fafc",
    "surface": "#ffffff",
    "surface-2": "#f1f5f9",
    "ink": "#0f172a",
    "ink-2": "#475569",
    "hairline": "rgba(15, 23, 42, 0.12)",
    "edge": "#7c8aa0",
    "accent": "#4f46e5",
    "accent-ink": _WHITE,
    "accent-soft": "#eef2ff",
    "focus": "#4f46e5",
    "shadow": "0 8px 28px rgba(15, 23, 42, 0.16)",
    **_meanings(),
    "c-untested": "#cbd5e1",
    "c-untested-ink": "#0f172a",
    "c-blocked-text": "#006ba6",
    "c-alerted-text": "#00734f",
    "c-logged-text": "#8a5a00",
    "c-missed-text": "#ad4400",
    "c-progress-text": "#1a6a99",
    "c-review-text": "#9c3f74",
    "c-untested-text": "#556377",
    **_steps(
        "ramp",
        (
            ("#f3f1b6", _DARK_INK),
            ("#c7e78e", _DARK_INK),
            ("#83d48f", _DARK_INK),
            ("#3dbb9a", _DARK_INK),
            ("#009298", _DARK_INK),
            ("#006c93", _WHITE),
            ("#254590", _WHITE),
            ("#391969", _WHITE),
        ),
    ),
    **_steps(
        "diverge",
        (
            ("#941862", _WHITE),
            ("#d2669d", _DARK_INK),
            ("#f2bcd4", _DARK_INK),
            ("#eef0f4", _DARK_INK),
            ("#bbdda9", _DARK_INK),
            ("#6ba547", _DARK_INK),
            ("#365f19", _WHITE),
        ),
    ),
}

DARK: Mapping[str, str] = {
    "bg": "#0b1220",
    "surface": "#101827",
    "surface-2": "#1b2536",
    "ink": "#e2e8f0",
    "ink-2": "#9fb0c6",
    "hairline": "rgba(226, 232, 240, 0.12)",
    "edge": "#6b7b93",
    "accent": "#818cf8",
    "accent-ink": _DARK_INK,
    "accent-soft": "#1e2547",
    "focus": "#a5b4fc",
    "shadow": "0 8px 28px rgba(0, 0, 0, 0.5)",
    **_meanings(),
    "c-untested": "#334155",
    "c-untested-ink": "#e2e8f0",
    "c-blocked-text": "#5fb0e5",
    "c-alerted-text": "#34c496",
    "c-logged-text": "#e9a820",
    "c-missed-text": "#f28a45",
    "c-progress-text": "#6cc0f0",
    "c-review-text": "#dd98bf",
    "c-untested-text": "#9fb0c6",
    **_steps(
        "ramp",
        (
            ("#3a2061", _WHITE),
            ("#2c3d87", _WHITE),
            ("#01608e", _WHITE),
            ("#007d8e", _WHITE),
            ("#1aa291", _DARK_INK),
            ("#5bc083", _DARK_INK),
            ("#a9d868", _DARK_INK),
            ("#f3e657", _DARK_INK),
        ),
    ),
    **_steps(
        "diverge",
        (
            ("#fe8dc5", _DARK_INK),
            ("#ab437b", _WHITE),
            ("#672e4c", _WHITE),
            ("#2f3640", _WHITE),
            ("#375028", _WHITE),
            ("#4c7b2d", _WHITE),
            ("#93cf5c", _DARK_INK),
        ),
    ),
}

# The same in both themes: a 4 px grid, seven type sizes (named in px, kept in rem so that text can grow).
SCALE: Mapping[str, str] = {
    **{f"s-{step}": f"{4 * step}px" for step in range(1, 9)},
    **{f"t-{px}": f"{px / 16:g}rem" for px in (12, 13, 14, 16, 20, 28, 40)},
    "radius": "6px",
    "row": "32px",
    "fast": "120ms",
    "slow": "180ms",
    "font": 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
    "mono": 'ui-monospace, SFMono-Regular, "Cascadia Mono", "Roboto Mono", "Noto Sans Mono", Menlo, monospace',
}

THEMES: Mapping[ThemeName, Mapping[str, str]] = {"light": LIGHT, "dark": DARK}
RAMP_STEPS = 8
DIVERGE_STEPS = 7


def ramp(theme: ThemeName = "light") -> tuple[str, ...]:
    """The eight fills from least to most."""
    return tuple(THEMES[theme][f"ramp-{step}"] for step in range(RAMP_STEPS))


def diverge(theme: ThemeName = "light") -> tuple[str, ...]:
    """The seven fills from most negative to most positive."""
    return tuple(THEMES[theme][f"diverge-{step}"] for step in range(DIVERGE_STEPS))


def ramp_step(share: float) -> int:
    """The step of the ramp for a share between 0 and 1; values outside are held at the ends."""
    return max(0, min(RAMP_STEPS - 1, int(share * RAMP_STEPS)))


def _rule(selector: str, values: Mapping[str, str], indent: str = "", scheme: str = "") -> str:
    lines = [f"{indent}  color-scheme: {scheme};"] if scheme else []
    lines += [f"{indent}  --{name}: {value};" for name, value in values.items()]
    return "\n".join([f"{indent}{selector} {{", *lines, f"{indent}}}"])


def as_css() -> str:
    """`assets/tokens.css`. Without `data-bs-theme` (pages before any script) the system's preference decides."""
    return (
        "\n\n".join(
            [
                "/* Written by `python -m pages.components.tokens`; change it there. */",
                _rule(":root", SCALE),
                _rule(':root,\n[data-bs-theme="light"]', LIGHT, scheme="light"),
                _rule('[data-bs-theme="dark"]', DARK, scheme="dark"),
                "@media (prefers-color-scheme: dark) {\n"
                + _rule(":root:not([data-bs-theme])", DARK, indent="  ", scheme="dark")
                + "\n}",
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_css())
