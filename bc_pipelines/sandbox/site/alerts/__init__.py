"""Notices across the top of pages."""
