"""The two tables that importing pages from another site leaves behind; nothing is imported here."""
