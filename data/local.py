"""The folder on this host for what can be made again at any time: losing it costs work, never data."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class _State:
    folder: Path | None = None


_state = _State()


def configure(folder: Path | None) -> None:
    """Set the process's folder; it is made when something is first kept. None: nothing is kept."""
    _state.folder = folder


def folder(name: str) -> Path | None:
    return _state.folder / name if _state.folder else None
