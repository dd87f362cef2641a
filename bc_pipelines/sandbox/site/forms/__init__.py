"""Forms that editors make and the public fills in."""
