"""Tests of the Heroku simulator, over the wire, with real PostgreSQL."""
