"""`python -m bc_pipelines.sandbox.heroku CONFIG.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from bc_pipelines.sandbox.heroku.config import Config, ConfigError
from bc_pipelines.sandbox.heroku.server import run


def main() -> None:
    """Run the simulator with the configuration that the only argument names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bc_pipelines.sandbox.heroku CONFIG.json")
    try:
        run(Config.load(Path(sys.argv[1])))
    except ConfigError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
