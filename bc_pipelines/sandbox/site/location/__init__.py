"""Places: offices, libraries, tips."""
