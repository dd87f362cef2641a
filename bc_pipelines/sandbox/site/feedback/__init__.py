"""What visitors say about a page."""
