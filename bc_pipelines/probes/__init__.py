"""What the infrastructure is like: facts about file storage, TLS and the like, asked from outside, changing nothing.

Belongs here: questions with a deadline each, and frozen dataclasses of what was answered, without a secret. Does not
belong here: whether that is good (see `checks`), and which environment it is about.
"""
