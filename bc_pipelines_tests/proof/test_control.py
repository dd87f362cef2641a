"""The positive control: a search that could not have found anything proves nothing."""

from pathlib import Path

import pytest

from bc_pipelines.proof.control import ENCODINGS
from bc_pipelines.proof.hidden import DECODERS, Decoder
from bc_pipelines_tests.proof.archives import Maker, proof_of
from bc_pipelines_tests.proof.test_scan import RAW


@pytest.mark.parametrize("missing", DECODERS, ids=lambda decoder: decoder.__name__)
def test_a_search_without_one_of_its_decoders_is_void(maker: Maker, tmp_path: Path, missing: Decoder) -> None:
    """Whichever decoder is broken, the control notices, and nothing found is no pass."""
    decoders = [decoder for decoder in DECODERS if decoder is not missing]
    proof = proof_of(maker.archive(RAW), maker.archive({}), tmp_path, decoders=decoders)
    assert not proof.passed
    assert proof.hits == ()
    assert "positive control" in proof.reason
    assert proof.control.found < proof.control.expected
    assert proof.control.missed


def test_the_control_hides_every_kind_that_was_gathered(maker: Maker, tmp_path: Path) -> None:
    """Each gathered identifier is tried in about every encoding, and where it stood."""
    proof = proof_of(maker.archive(RAW), maker.archive({}), tmp_path)
    assert proof.passed
    assert proof.control.expected > (len(ENCODINGS) - 1) * sum(proof.identifiers.values())
