"""The proof's own process: gathers from its standard input while the raw archive streams by, then searches on command.

Two pipes: standard input is the raw archive; a second one, whose number is the only argument, carries lines of JSON:
first the choices, then the path of the written archive and how many processes search it. Its end means that the parent
is gone: so this process ends.
The answer is one line of JSON on standard output. Values never leave this process, not even in a traceback, but for the
few that a terminal asked to be shown: they are in the answer beside the result.
"""

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from bc_pipelines.pgarchive.errors import ArchiveError
from bc_pipelines.proof import spread
from bc_pipelines.proof.errors import BadIdentifierList, ProofFailed
from bc_pipelines.proof.gather import gather
from bc_pipelines.proof.plain import Choices
from bc_pipelines.proof.sources import Sources
from bc_pipelines.proof.verdict import matches, verdict


def main(arguments: list[str]) -> int:
    """Carry out one proof, as the parent's pipes say.

    Args:
        arguments: the number of the pipe of commands.

    Returns:
        The exit code: 0 if there is a result, whatever it says; 1 if the proof could not be carried out.
    """
    commands = _commands(int(arguments[0]))
    try:
        answer = _prove(sys.stdin.buffer, commands)
    except (ArchiveError, BadIdentifierList) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    except ProofFailed as error:
        answer = {"error": str(error)}
    except Exception as error:
        # Whatever it is, its message may hold a value.
        answer = {"error": f"{type(error).__name__} at {_place(error)}"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0 if "proof" in answer else 1


def _prove(archive: BinaryIO, commands: "SimpleQueue[dict[str, Any]]") -> dict[str, Any]:
    wanted = commands.get()
    sources = Sources.load()
    choices = Choices(frozenset(wanted["staff_domains"]), wanted["staff_passwords"], tuple(wanted["public"]))
    gathered = gather(archive, sources, choices, shows=wanted["shows"])
    search = commands.get()
    started = time.monotonic()
    finds = spread.search(Path(search["target"]), gathered.register, sources.published, search["jobs"])
    proof = verdict(gathered, finds, time.monotonic() - started)
    shown = [asdict(match) for match in matches(gathered, finds)]
    return {"proof": proof.to_json(), "matches": shown}


def _commands(descriptor: int) -> "SimpleQueue[dict[str, Any]]":
    """A queue of the parent's commands. When the pipe ends the parent is gone, and this process with it."""
    queue: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def listen() -> None:
        with os.fdopen(descriptor, encoding="utf-8") as pipe:
            for line in pipe:
                queue.put(json.loads(line))
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    return queue


def _place(error: BaseException) -> str:
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return (
        f"{Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}" if traceback else "an unknown place"
    )
