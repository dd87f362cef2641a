"""What can stop a copy. Messages name tables, columns and row numbers, never values of rows."""


class PrivacyError(Exception):
    """Any reason why the privacy rules cannot be applied."""


class CatalogueError(PrivacyError):
    """The catalogue itself is wrong: the message names the entry."""


class CatalogueRefusal(PrivacyError):
    """The archive holds something that the catalogue does not cover: nothing was written."""


class SanitiseError(PrivacyError):
    """A row could not be made safe: what was written so far is incomplete and of no use."""


INCOMPLETE = "The copy is incomplete and of no use."
"""What every SanitiseError says of the state that things are in."""
