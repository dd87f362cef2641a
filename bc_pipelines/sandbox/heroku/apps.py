"""The apps: what the configuration says of each, overlaid with what the API changed since.

Only changes are stored, so that a new configuration (other ports, say) takes effect under changes made earlier.
How an app looks on the wire belongs in `shapes.py`, its processes in `dynos.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bc_pipelines.heroku.models import platform_time
from bc_pipelines.sandbox.heroku.config import Addon, AppConfig
from bc_pipelines.sandbox.heroku.errors import ApiError, invalid, not_found
from bc_pipelines.sandbox.heroku.store import Document, Store

DEFAULT_SIZE = "Standard-1X"


class App:
    """One app, its add-on, config vars, formation, maintenance switch and releases."""

    def __init__(self, config: AppConfig, store: Store) -> None:
        self.id = config.id
        self.name = config.name
        self.hosts = config.hosts
        self.addon: Addon = config.addon
        self.site_port = config.site_port
        self.team = config.team
        self._config = config
        self._store = store
        if not self.releases():
            self._first_releases()

    @property
    def attachments(self) -> Mapping[str, str]:
        """Names of the database's attachments and their config vars; a promoted database has two (recorded)."""
        names = [self.addon.attachment]
        if self.addon.colour:
            names.append(f"HEROKU_POSTGRESQL_{self.addon.colour}")
        return {name: f"{name}_URL" for name in names}

    @property
    def database_name(self) -> str:
        """What transfers call the database: its colour, or the name of its only attachment (recorded)."""
        return self.addon.colour or self.addon.attachment

    @property
    def database_url(self) -> str:
        """The connection string, password included."""
        return self._config.config_vars[f"{self.addon.attachment}_URL"]

    @property
    def config_vars(self) -> dict[str, str]:
        """All config vars; every attachment's var holds the same connection string."""
        changed = {**self._config.config_vars, **self._setting("config_vars")}
        attached = dict.fromkeys(self.attachments.values(), self.database_url)
        return {name: value for name, value in sorted({**changed, **attached}.items()) if value is not None}

    def change_config_vars(self, changes: Mapping[str, str | None]) -> None:
        """Set config vars, or remove those whose value is None, and release the app.

        Raises:
            ApiError: A var of an attachment was named; only Heroku writes those.
        """
        attached = sorted(set(changes) & set(self.attachments.values()))
        if attached:
            raise invalid(f"Cannot overwrite attachment values {', '.join(attached)}.")
        self._change_setting("config_vars", {**self._setting("config_vars"), **changes})
        word = "Unset" if all(value is None for value in changes.values()) else "Set"
        self.add_release(f"{word} {', '.join(sorted(changes))} config vars")

    @property
    def maintenance(self) -> bool:
        """Whether the router answers with the maintenance page."""
        return bool(self._setting("maintenance").get("on", False))

    @maintenance.setter
    def maintenance(self, on: bool) -> None:
        self._change_setting("maintenance", {"on": on})

    @property
    def formation(self) -> dict[str, tuple[int, str]]:
        """Quantity and size of dynos by process type."""
        first = {kind: (quantity, DEFAULT_SIZE) for kind, quantity in self._config.formation.items()}
        return {**first, **{kind: (quantity, size) for kind, (quantity, size) in self._setting("formation").items()}}

    def scale(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Apply `[{"type", "quantity"?, "size"?}]`: all of them, or none where one cannot be done.

        Raises:
            ApiError: A process type is unknown or a quantity is not a number.
        """
        formation = self.formation
        for update in updates:
            kind = str(update.get("type", ""))
            if kind not in formation:
                raise not_found("formation", f"process type ({kind})")
            quantity, size = formation[kind]
            formation[kind] = (_quantity(update.get("quantity", quantity), quantity), str(update.get("size", size)))
        self._change_setting("formation", {kind: list(process) for kind, process in formation.items()})

    def releases(self) -> list[Document]:
        """Releases, oldest first: `id`, `version`, `description`, `created_at`."""
        return self._store.all("release", self.id)

    def slug(self, ident: str) -> Document | None:
        """One of the app's slugs, or None."""
        return next((slug for slug in self._store.all("slug", self.id) if slug["id"] == ident), None)

    def add_slug(self, commit: str | None) -> Document:
        """Keep a slug: the code of a commit, as it was built."""
        ident = str(uuid5(NAMESPACE_URL, f"{self.id}/slugs/{len(self._store.all('slug', self.id)) + 1}"))
        body: Document = {"id": ident, "commit": commit, "created_at": platform_time(datetime.now(UTC))}
        self._store.put("slug", ident, self.id, body)
        return body

    def add_release(self, description: str, slug: str | None = None) -> Document:
        """Make a release the current one: of a slug, or else of the one that was there, with other settings."""
        earlier = self.releases()
        version = len(earlier) + 1
        slug = slug or (earlier[-1].get("slug") if earlier else None)
        ident = str(uuid5(NAMESPACE_URL, f"{self.id}/releases/{version}"))
        created_at = platform_time(datetime.now(UTC))
        body = {"id": ident, "version": version, "description": description, "created_at": created_at, "slug": slug}
        self._store.put("release", ident, self.id, body)
        return body

    def _first_releases(self) -> None:
        commit = hashlib.sha256(self.id.encode()).hexdigest()[:40]
        attach = f"Attach {self.addon.attachment} (@ref:{self.addon.name})"
        for description in ("Initial release", attach, "Set SECRET_KEY config vars"):
            self.add_release(description)
        self.add_release(f"Deploy {commit[:8]}", self.add_slug(commit)["id"])

    def _setting(self, name: str) -> Document:
        return self._store.get("setting", f"{self.id}/{name}") or {}

    def _change_setting(self, name: str, body: Document) -> None:
        self._store.put("setting", f"{self.id}/{name}", self.id, body)


class Apps:
    """All apps of the account, found as the API's routes name them."""

    def __init__(self, configs: Sequence[AppConfig], store: Store) -> None:
        self._apps = tuple(App(config, store) for config in configs)

    def __iter__(self) -> Iterator[App]:
        return iter(self._apps)

    def find(self, ident: str) -> App:
        """The app with this name or id.

        Raises:
            ApiError: 404, as both APIs answer it.
        """
        for app in self._apps:
            if ident in (app.id, app.name):
                return app
        raise not_found("app")

    def owner(self, addon: str, unknown: ApiError) -> App:
        """The app that owns the add-on with this name or id.

        Raises:
            ApiError: `unknown`.
        """
        for app in self._apps:
            if addon in (app.addon.id, app.addon.name):
                return app
        raise unknown

    def serving(self, host: str) -> App | None:
        """The app that the router picks for a host name, or None."""
        return next((app for app in self._apps if host in app.hosts), None)


def _quantity(wanted: object, present: int) -> int:
    """Read a quantity as the CLI sends it: a number, or text such as `2`, `+1` or `-1`."""
    text = str(wanted)
    try:
        number = int(text)
    except ValueError:
        raise invalid("Invalid quantity.") from None
    return max(0, present + number) if text.startswith(("+", "-")) else number
