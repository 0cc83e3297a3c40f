"""Keys derived from the settings' secrets, each for one use."""

import base64

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def fernet_key(secret: str) -> bytes:
    """32 bytes for Fernet, url-safe base64. The same secret gives the same key."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"homeward second factors").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
