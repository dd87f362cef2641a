"""How looking at the site's repository can fail. Messages name the address and branches, never a credential."""


class BranchesError(Exception):
    """The repository could not be read, or is not what it is said to be."""


class Unclear(BranchesError):
    """Git failed for a reason that nobody foresaw; a damaged copy is one."""
