"""Which sectors a group's description names: words looked for in it, so that groups can be found by what they target.

The table is ours. That a description names a bank does not say that the group would attack this one: it finds
candidates for people to decide about, and says by which words.
"""

import re
from collections.abc import Mapping
from functools import cache

# sector -> its name, and beginnings of words that speak of it
SECTORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "finance": ("Finance", ("financ", "bank", "payment", "credit union", "cryptocurrenc", "insurance", "fintech")),
    "government": ("Government", ("government", "ministr", "diplomat", "embass", "public sector", "foreign affairs")),
    "defence": ("Defence and aerospace", ("defense", "defence", "military", "aerospace", "aviation", "satellite")),
    "energy": (
        "Energy and utilities",
        ("energy", "oil and gas", "petrochemical", "electric", "utilit", "nuclear", "power grid"),
    ),
    "health": ("Health", ("health", "hospital", "pharmaceutical", "medical", "biotech", "vaccine")),
    "technology": (
        "Technology",
        ("technolog", "software", "semiconductor", "managed service provider", "cloud provider"),
    ),
    "telecom": ("Telecommunications", ("telecom", "internet service provider", "mobile operator")),
    "industry": ("Manufacturing and industry", ("manufactur", "industrial", "automotive", "engineering", "chemical")),
    "education": ("Education and research", ("universit", "education", "academ", "research institut", "think tank")),
    "media": (
        "Media and civil society",
        ("media", "journalis", "news organi", "non-governmental", "ngo", "activis", "dissident"),
    ),
    "retail": (
        "Retail and hospitality",
        ("retail", "hospitality", "hotel", "restaurant", "point of sale", "point-of-sale", "e-commerce"),
    ),
    "transport": ("Transport and logistics", ("transport", "logistic", "shipping", "maritime", "airline", "railway")),
    "legal": ("Legal and professional services", ("law firm", "legal", "consulting", "professional services")),
    "gaming": ("Gaming", ("gaming", "video game", "game compan", "gambling", "casino")),
}


@cache
def _pattern(sector: str) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in SECTORS[sector][1])
    return re.compile(rf"\b(?:{words})[\w-]*", re.IGNORECASE)


def named(sector: str, description: str) -> tuple[str, ...]:
    """The words of a description that speak of a sector, in lower case, each once; () when it does not name it."""
    return tuple(dict.fromkeys(found.lower() for found in _pattern(sector).findall(description)))
