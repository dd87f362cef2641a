"""What people are told of a reset, and the two ways of telling it: Slack and e-mail.

Belongs here: texts, and handing one to a server. Does not belong here: whether a notice was sent already (see
`operations.notices`), and looking whether it arrived (see `checks.notices`). No connection is opened at import.
"""
