"""What the sandbox raises. Nothing else belongs here."""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox cannot do what was asked; the message says why, in what state things are, and what to do next."""
