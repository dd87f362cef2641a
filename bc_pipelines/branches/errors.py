"""How looking at the site's repository can fail. Messages name the address and branches, never a credential."""


class BranchesError(Exception):
    """The repository could not be read, or is not what it is said to be."""


class LeaseLost(BranchesError):
    """The remote branch is not what was seen: somebody pushed meanwhile. Nothing was changed."""


class PushRefused(BranchesError):
    """The server did not let the branch be changed. Nothing was changed."""


class Unclear(BranchesError):
    """Git failed for a reason that nobody foresaw; a damaged copy is one."""
