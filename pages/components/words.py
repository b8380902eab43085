"""Figures, dates and durations in words, the same on every screen."""

from datetime import date


def number(value: float, digits: int = 0) -> str:
    """12,345 or 12,345.6"""
    return f"{value:,.{digits}f}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 rule, 2 rules, 1,204 rules"""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def percent(share: float, digits: int = 0) -> str:
    """0.684 -> 68 %, and 0.002 -> <1 %"""
    return f"{per_hundred(share, digits)} %"


def per_hundred(share: float, digits: int = 0) -> str:
    """As `percent`, without the sign. 0 and 100 are said of exactly none and exactly all."""
    rounded = f"{100 * share:.{digits}f}"
    step = 10**-digits
    if share > 0 and not float(rounded):
        return f"<{step:.{digits}f}"
    if share < 1 and float(rounded) == 100:
        return f">{100 - step:.{digits}f}"
    return rounded


def signed(value: float, digits: int = 0) -> str:
    """+3, -2, ±0"""
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return f"±{text}"
    return f"+{text}" if value > 0 else f"−{text}"


def day(value: date) -> str:
    """14 Nov 2026"""
    return f"{value.day} {value:%b %Y}"


def duration(seconds: float) -> str:
    """The two largest units that matter: 45 s, 12 min, 2 h 14 min, 3 d 4 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def size(count: int) -> str:
    """Bytes as people say them: 840 B, 12 KB, 45.1 MB, 200 MB."""
    if count < 1024:
        return f"{count} B"
    if count < 1024**2:
        return f"{count / 1024:.0f} KB"
    megabytes = count / 1024**2
    return f"{megabytes:.0f} MB" if megabytes >= 100 else f"{megabytes:.1f} MB"


def sentence(names: list[str]) -> str:
    """a; a and b; a, b and c"""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""
