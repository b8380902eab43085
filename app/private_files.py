"""Small files nobody else may read: passwords, keys, pointers."""

import os
import secrets
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Create or replace `path`, readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def keep(path: Path, text: str) -> str:
    """What `path` says; `text` where it does not exist yet. Of processes that do this at once all get the first's."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        write(fresh, text)
        try:
            os.link(fresh, path)
        except FileExistsError:
            return path.read_text()
        finally:
            fresh.unlink()
    return path.read_text()
