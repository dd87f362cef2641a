"""Builds the search index and the reference index once everything is there."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from wagtail.models import ReferenceIndex
from wagtail.signal_handlers import disable_reference_index_auto_update

COLUMNS = ("base_content_type_id", "object_id", "to_content_type_id", "to_object_id", "model_path", "content_path")


@contextmanager
def postponed() -> Iterator[None]:
    """Keeps both indexes as they are while pages are saved; `build` makes them afterwards in one go."""
    backend = settings.WAGTAILSEARCH_BACKENDS["default"]
    backend["AUTO_UPDATE"] = False
    try:
        with disable_reference_index_auto_update():
            yield
    finally:
        del backend["AUTO_UPDATE"]


def build() -> None:
    """Rebuilds both indexes from nothing, so that their ids do not depend on the order of a Python set."""
    _empty("wagtailsearch_indexentry")
    call_command("update_index", verbosity=0)
    _empty("wagtailcore_referenceindex")
    for model in apps.get_models():
        if ReferenceIndex.is_indexed(model):
            for instance in model.objects.order_by("pk"):
                ReferenceIndex.create_or_update_for_object(instance)
    rows = sorted(ReferenceIndex.objects.all(), key=lambda row: tuple(str(getattr(row, name)) for name in COLUMNS))
    _empty("wagtailcore_referenceindex")
    for row in rows:
        row.pk = None
    ReferenceIndex.objects.bulk_create(rows)


def _empty(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {connection.ops.quote_name(table)} RESTART IDENTITY")
