"""Directories of services that other systems keep."""
