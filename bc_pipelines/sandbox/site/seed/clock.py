"""Time and identifiers that do not depend on when and where the seed runs."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.utils import timezone

# The seeded site's "today"; everything in it happened in the months before.
TODAY = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


class Clock:
    """What `timezone.now()` says while the seed works; it moves only when it is told to."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def __call__(self) -> datetime:
        """Returns the clock's time."""
        return self.time

    def forward(self, **duration: float) -> datetime:
        """Moves the clock on by a duration in timedelta's words, and returns the new time."""
        self.time += timedelta(**duration)
        return self.time


@contextmanager
def stopped_clock(time: datetime) -> Iterator[Clock]:
    """Puts a clock of our own in the place of Django's, for columns that Django and Wagtail fill in themselves."""
    clock, original = Clock(time), timezone.now
    timezone.now = clock
    try:
        yield clock
    finally:
        timezone.now = original


def make_uuid(rng: random.Random) -> uuid.UUID:
    """Draws a version-4 UUID."""
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def spread(model, field: str, step: timedelta) -> None:
    """Moves a column that bulk_create filled with one time: each row goes `step` further back than the one before.

    Args:
        model: the model whose rows, all of them, are moved.
        field: name of its DateTimeField.
        step: the distance between two rows with neighbouring ids.
    """
    back = ExpressionWrapper(F("id") * Value(step), output_field=DurationField())
    model.objects.update(**{field: F(field) - back})
