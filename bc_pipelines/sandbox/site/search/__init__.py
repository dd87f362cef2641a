"""Search over a site's pages, and the synonyms that help it."""
