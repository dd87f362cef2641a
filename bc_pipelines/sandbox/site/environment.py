"""Reads the environment variables that an app's config vars become: words, switches, lists, the database's URL.

Only the shapes are known here; what each variable means stands in `settings`.
"""

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TRUE = frozenset({"1", "on", "true", "yes"})
FALSE = frozenset({"0", "off", "false", "no", ""})


def required(name: str) -> str:
    """Returns the variable; raises ValueError when it is missing or empty."""
    if value := os.environ.get(name):
        return value
    raise ValueError(f"{name} is not set: an app of the sandbox passes it as a config var")


def switch(name: str, default: bool) -> bool:
    """Returns whether the variable is on; raises ValueError (without its value) when it is neither on nor off."""
    value = os.environ.get(name, str(default)).strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ValueError(f"{name} must be true or false")


def words(name: str, default: str = "") -> list[str]:
    """Returns the variable's comma-separated entries, trimmed, empty ones left out."""
    return [entry.strip() for entry in os.environ.get(name, default).split(",") if entry.strip()]


def database(url: str) -> dict[str, Any]:
    """Turns a database URL into an entry of Django's `DATABASES`.

    Args:
        url: `postgres://user:password@host:port/name?sslmode=…`, Heroku's form; `postgresql://` is the same. The query
            becomes libpq's options, so `?host=/run/socket` names a folder of sockets.

    Returns:
        A dict with ENGINE, NAME, USER, PASSWORD, HOST, PORT, OPTIONS.

    Raises:
        ValueError: if the URL is not one of PostgreSQL. The message leaves the URL out, which holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ValueError("DATABASE_URL must be postgres://user:password@host:port/name")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
    }
