"""How moving media can fail. Messages name buckets and keys; keys of media are no secrets."""


class MediaError(Exception):
    """A bucket could not be read or written. What was done before stays done; a second run goes on from there."""


class Refused(MediaError):
    """The guard refused the whole plan; nothing was copied and nothing deleted."""


class ChangedMeanwhile(MediaError):
    """One object is not what was listed any more. A second run sees to it."""
