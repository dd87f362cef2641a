"""Pages of any subject: information, lists of pages, and pages that only redirect."""
