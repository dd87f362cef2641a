"""Complaints and information requests, which go to a case system and leave only a reference here."""
