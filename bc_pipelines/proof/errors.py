"""How the proof can fail to be carried out. Messages name places and shapes, never values of rows."""


class ProofFailed(Exception):
    """The proof could not be carried out, which proves nothing: the archive must not be used."""


class BadIdentifierList(Exception):
    """The list of identifiers, or the settings for it, cannot be used."""
