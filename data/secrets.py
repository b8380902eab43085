"""Secrets that must be kept and read again: encrypted with a key derived from AEGIS_SECRET_KEY (HKDF, then Fernet)."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.errors import AegisError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class Unreadable(AegisError):
    """What is kept was encrypted with another key, or is damaged."""

    code = "unreadable_secret"
    status = 409


@dataclass(slots=True)
class _State:
    secret_key: str = ""


_state = _State()


def configure(secret_key: str) -> None:
    """Set the process's key; the same on every host, or what one encrypts another cannot read."""
    _state.secret_key = secret_key


def seal(text: str, purpose: str) -> bytes:
    """`text` encrypted for one purpose; sealed things of another purpose do not open as this one."""
    return _fernet(purpose).encrypt(text.encode())


def unseal(sealed: bytes, purpose: str) -> str:
    """What was sealed. Raises Unreadable when the key is another one."""
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(purpose).decrypt(sealed).decode()
    except InvalidToken:
        raise Unreadable(
            "This was encrypted with another AEGIS_SECRET_KEY and cannot be read; enter it again."
        ) from None


def _fernet(purpose: str) -> "Fernet":
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    if not _state.secret_key:
        raise RuntimeError("data.secrets.configure() has not been called in this process.")
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"aegis {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(_state.secret_key.encode())))
