"""What can be wrong with an archive. Messages name places and shapes, never values of rows."""


class ArchiveError(Exception):
    """Any reason why an archive cannot be read or must not be trusted."""


class TruncatedArchive(ArchiveError):
    """The bytes end before the archive does: an interrupted dump or download."""


class CorruptArchive(ArchiveError):
    """The bytes contradict the format, or contradict each other."""


class UnsupportedArchive(ArchiveError):
    """A sound archive, perhaps, but of a kind that this package refuses to handle."""
