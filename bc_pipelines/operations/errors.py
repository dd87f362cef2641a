"""What stops a reset on purpose."""


class Refused(Exception):
    """A reset, or a step of one, was asked for that must not happen; nothing was changed by the refusal.

    The message says what was asked, why it is refused and what to do instead.
    """


class OutOfReach(Exception):
    """Something that a reset needs does not answer, or cannot be asked as it is set up.

    Dagster's own database, for example, or the archive store.
    """


class GateClosed(Exception):
    """A result that a later step depends on did not pass its check; the step did not begin or did not finish."""
