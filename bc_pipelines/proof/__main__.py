"""``python -m bc_pipelines.proof``: the process that ``collector.py`` starts. Of no use by hand."""

import sys

from bc_pipelines.proof.child import main

sys.exit(main(sys.argv[1:]))
