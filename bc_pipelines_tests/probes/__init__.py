"""Questions to real servers on loopback."""
