"""Facts that one table's rows give about another's: which purged rows are still referred to, which types are purged."""

from collections.abc import Iterable

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import TableName

CONTENT_TYPES = TableName("public", "django_content_type")
CONTENT_TYPE_COLUMNS = ("id", "app_label", "model")


class KeptKeys:
    """Keys that rows refer to, seen in the referring tables, asked for in the table referred to.

    Keys are compared as COPY writes them: PostgreSQL writes equal values of one type in one way.
    """

    def __init__(self) -> None:
        self._keys: set[bytes] = set()

    def note(self, key: bytes) -> None:
        """Remember that a row refers to a key."""
        self._keys.add(key)

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys


class PurgedContentTypes:
    """Ids of the content types whose table is purged whole.

    Django names a model's table after its app and itself, unless a model says otherwise; none of this site's does.

    Args:
        catalogue: says which tables are purged.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._tables = {name.name.encode() for name, table in catalogue.tables.items() if table.purged_whole}
        self._ids: set[bytes] = set()

    def note(self, identifier: bytes, app_label: bytes, model: bytes) -> None:
        """Look at a row of django_content_type."""
        if app_label + b"_" + model in self._tables:
            self._ids.add(identifier)

    def none_of(self, identifiers: Iterable[bytes]) -> bool:
        """Whether none of these content types is purged."""
        return self._ids.isdisjoint(identifiers)
