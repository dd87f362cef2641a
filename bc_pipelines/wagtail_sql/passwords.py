"""Password hashes in the form that Django stores and checks. Whose they are does not belong here."""

from __future__ import annotations

import base64
import hashlib
import secrets

# Of Django 4.2 (PBKDF2PasswordHasher.iterations). Newer versions hash anew at the first login.
_ITERATIONS = 600_000


def hashed(password: str) -> str:
    """A hash as `<algorithm>$<iterations>$<salt>$<hash>`, which every Django site accepts by default.

    Source: Django documentation, *Password management in Django*, "How Django stores passwords".

    Args:
        password: in plain text.
    """
    salt = secrets.token_hex(11)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ITERATIONS)
    return f"pbkdf2_sha256${_ITERATIONS}${salt}${base64.b64encode(digest).decode()}"
