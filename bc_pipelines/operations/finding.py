"""One line of what `bucks doctor` found. Only the shape belongs here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["works", "set", "not set", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One line of what was found.

    Attributes:
        about: what was looked at.
        state: `works` was tried, `set` cannot be, `not set` may be meant so, `wrong` needs a mend.
        words: what was found, and from where a credential comes; never what it is.
        mend: what to do; empty where nothing needs to be done.
    """

    about: str
    state: State
    words: str
    mend: str = ""
