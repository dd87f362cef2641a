"""The process that owns the sandbox's servers: `python -m bc_pipelines.sandbox.supervisor ROOT`.

It ends them all when it is told to (SIGTERM), when its time is over, when the sandbox's folder is gone, or, if it is
tied, when the process that started it is gone; should it be killed itself, the system ends them (Linux). SIGHUP makes
it start what is missing.
Does not belong here: preparing what the servers need (`up.py`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

from bc_pipelines.sandbox.folder import WORLD_FILE
from bc_pipelines.sandbox.processes import GRACE, Server, launch, record
from bc_pipelines.sandbox.servers import SUPERVISOR, records, servers
from bc_pipelines.sandbox.world import World, load

DEFAULT_HOURS = 12.0


class Supervisor:
    """Owns the servers of one world.

    Args:
        world: the sandbox's.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._children: dict[str, tuple[Server, subprocess.Popen[bytes]]] = {}

    def start_missing(self) -> None:
        """Start every server that does not run."""
        self.reap()
        for server in servers(self._world):
            if server.name not in self._children:
                child = launch(server, self._world.logs)
                self._children[server.name] = (server, child)
                record(records(self._world), server.name, child.pid)

    def reap(self) -> None:
        """Forget the servers that ended, and say so in the log."""
        for name, (_, child) in list(self._children.items()):
            code = child.poll()
            if code is not None:
                _say(f"{name} ended with {code}")
                del self._children[name]

    def stop(self) -> None:
        """End all servers, the last one first; whoever does not end in time is killed."""
        for name, (server, child) in reversed(self._children.items()):
            if child.poll() is None:
                child.send_signal(server.stop_signal)
                try:
                    child.wait(GRACE)
                except subprocess.TimeoutExpired:
                    _say(f"{name} did not end in {GRACE:.0f} s and is killed")
            # Whatever is left of its group, even where the server itself has ended.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            (records(self._world) / f"{name}.json").unlink(missing_ok=True)
        self._children.clear()

    def watch(self, seconds: float, tied: bool) -> None:
        """Sleep until it is time to stop, starting what is missing whenever SIGHUP asks for it.

        Args:
            seconds: how long at most.
            tied: whether the end of standard input, the caller's end, is a reason to stop.
        """
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            signals = _signal_pipe()
            selector.register(signals, selectors.EVENT_READ)
            if tied:
                selector.register(sys.stdin, selectors.EVENT_READ)
            self.start_missing()
            while (left := deadline - time.monotonic()) > 0:
                if not (self._world.root / WORLD_FILE).exists():
                    # Somebody deleted the folder instead of taking the sandbox down.
                    return
                for key, _ in selector.select(min(left, 5.0)):
                    if key.fileobj is sys.stdin:
                        _say("the process that started the sandbox is gone")
                        return
                    numbers = os.read(signals, 64)
                    if signal.SIGTERM in numbers or signal.SIGINT in numbers:
                        return
                    self.start_missing() if signal.SIGHUP in numbers else self.reap()
        _say("the sandbox's time is over")


def _signal_pipe() -> int:
    """Turn signals into bytes that can be waited for together with other things; SIGCHLD among them."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", flush=True)  # noqa: T201 - standard output is its log


def main() -> None:
    """Run a sandbox's servers until something says stop."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("root", type=Path, help="the sandbox's root folder")
    parser.add_argument("--hours", type=float, default=DEFAULT_HOURS, help="how long at most")
    parser.add_argument("--tied", action="store_true", help="stop at the end of standard input")
    parser.add_argument("--detach", action="store_true", help="go on in the background, as nobody's child")
    arguments = parser.parse_args()
    world = load(arguments.root)
    if world is None:
        parser.error(f"there is no sandbox in {arguments.root}")
    if arguments.detach and os.fork():
        return
    os.umask(0o077)
    supervisor = Supervisor(world)
    record(records(world), SUPERVISOR, os.getpid())
    try:
        supervisor.watch(arguments.hours * 3600, arguments.tied)
    finally:
        supervisor.stop()
        (records(world) / f"{SUPERVISOR}.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
