"""Blogs, and those who asked to be told of new posts."""
