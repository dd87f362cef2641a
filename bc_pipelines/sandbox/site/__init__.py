"""The sandbox's Wagtail site: a small image of the council's, with its table and column names.

Here belongs what a visitor, an editor or a database dump of the site would show. How the site is started, and where
its database and files are, is the sandbox's business and arrives in environment variables.
"""
