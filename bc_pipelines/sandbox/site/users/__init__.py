"""Accounts of editors and suppliers."""
