"""What Dagster itself costs: the definitions' import, and a job whose ten steps do nothing."""

import subprocess
import sys
from dataclasses import dataclass

from benchmarks.production import CHECKOUT

_SECONDS = 600
_IMPORT = """
import time, dagster
started = time.process_time()
import bc_pipelines.definitions
print(time.process_time() - started)
"""
_STEPS = """
import logging, time, dagster
logging.disable()

@dagster.op
def first():
    return 1

@dagster.op
def trivial(value):
    return value

@dagster.job
def trivial_job():
    value = first()
    for number in range(9):
        value = trivial.alias(f"step_{number}")(value)

started = time.perf_counter()
with dagster.DagsterInstance.ephemeral() as instance:
    assert trivial_job.execute_in_process(instance=instance).success
print(time.perf_counter() - started)
"""


@dataclass(frozen=True)
class Orchestration:
    """What Dagster took.

    Attributes:
        imports: processor seconds of importing the definitions once Dagster is there, several times.
        steps: seconds of a job of ten trivial steps in one process, several times.
    """

    imports: list[float]
    steps: list[float]


def orchestration(repeat: int) -> Orchestration:
    """Measure, several times; the first import may have to compile and is not counted."""
    imports = [_printed(_IMPORT) for _ in range(repeat + 1)][1:]
    return Orchestration(imports, [_printed(_STEPS) for _ in range(repeat)])


def _printed(program: str) -> float:
    done = subprocess.run(
        (sys.executable, "-c", program), cwd=CHECKOUT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"a measured process failed:\n{done.stderr[-2000:]}")
    return float(done.stdout)
