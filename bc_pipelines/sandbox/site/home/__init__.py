"""The council's home page."""
