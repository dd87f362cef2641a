"""Why a notice was not sent, or why nobody can tell."""


class NotSent(Exception):
    """The notice surely went to nobody; it can be sent again. The message says why and what to do."""


class PerhapsSent(Exception):
    """The answer of the server was lost or means either: the notice may have gone out. A person has to look."""
