"""PostgreSQL databases as a whole: which one it is, how it is opened, how much is in it."""
