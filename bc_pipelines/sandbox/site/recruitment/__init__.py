"""Advertised jobs, and those who asked to be told of new ones."""
