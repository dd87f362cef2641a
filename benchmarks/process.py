"""A server of this package's in a process of its own, so that its work is not taken for that of the measuring one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.production import CHECKOUT


@contextmanager
def answering(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that says on which port it listens, and that ends with its input.

    Args:
        module: its name.
        arguments: for it.

    Yields:
        Its address.

    Raises:
        RuntimeError: it says nothing.
    """
    command = (sys.executable, "-m", module, *arguments)
    with subprocess.Popen(
        command, cwd=CHECKOUT, env={"PATH": os.defpath}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        port = server.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"{module} does not start")
        yield f"http://127.0.0.1:{port}"
        # Popen closes its input as it leaves, and waits for its end.
