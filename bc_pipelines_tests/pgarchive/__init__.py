"""Tests of bc_pipelines.pgarchive."""
