"""The real Heroku CLI, which nobody here wrote, against the sandbox: what it accepts is what Heroku looks like."""
