"""The outside world on loopback: real PostgreSQL, a real S3 server, a real Wagtail site and a stand-in for Heroku.

The product knows nothing of this package; it reaches these servers through the same settings as the real ones.
"""
