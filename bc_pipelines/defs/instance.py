"""Dagster's own instance, opened only when what it needs is there, so that what is missing is said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.errors import DagsterHomeNotSetError

from bc_pipelines.operations.dagster_database import require_answer
from bc_pipelines.operations.errors import OutOfReach


@contextmanager
def open_instance(database_url: str | None) -> Iterator[dg.DagsterInstance]:
    """Open the instance that DAGSTER_HOME describes.

    Args:
        database_url: of Dagster's own database, which is asked first; None where a laptop's instance keeps files.

    Yields:
        The instance.

    Raises:
        OutOfReach: the database does not answer, or DAGSTER_HOME names no usable folder.
    """
    if database_url is not None:
        require_answer(database_url)
    with _instance() as instance:
        yield instance


def _instance() -> dg.DagsterInstance:
    try:
        return dg.DagsterInstance.get()
    except DagsterHomeNotSetError:
        what = "DAGSTER_HOME is not set"
    except dg.DagsterInvariantViolationError:
        what = "DAGSTER_HOME does not name a folder by its whole path"
    except dg.DagsterError as error:
        # Dagster's own words would repeat the values of dagster.yaml.
        what = f"Dagster does not accept the dagster.yaml in DAGSTER_HOME ({type(error).__name__})"
    raise OutOfReach(
        f"{what}. Make a folder, copy this project's dagster.yaml into it, and set DAGSTER_HOME to its path and the "
        "variables that it names."
    )
