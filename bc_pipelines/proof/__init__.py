"""The proof: an independent search of a written archive for identifiers taken from the raw one.

It knows nothing of the catalogue or of the sanitiser: its list of identifiers is its own, and above the codec so is its
reading of rows. It runs in a process of its own, which remembers keyed digests only, but for the identifiers that a
terminal asks to be shown.
"""

from bc_pipelines.proof.collector import Collector
from bc_pipelines.proof.errors import ProofFailed
from bc_pipelines.proof.result import Hit, Match, Proof

__all__ = ["Collector", "Hit", "Match", "Proof", "ProofFailed"]
