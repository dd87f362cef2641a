"""A public of any size: what the seed's few people sent in, repeated by the server with other addresses and words.

Belongs here: rows of people, made by SQL in seconds. Does not belong here: pages and their history (history.py).
"""

from dataclasses import dataclass

from bc_pipelines_tests.postgres import Cluster

# Repeats all rows that there are, so many times that the table has as many as wanted. The number that tells a row from
# the one it repeats begins with their count, so that no row of a later filling is one of an earlier.
_REPEATED = """
    INSERT INTO {table} ({columns})
    SELECT {values} FROM (SELECT *, count(*) OVER () AS seeded FROM {table}) AS row,
        generate_series(row.seeded, row.seeded + {wanted} / row.seeded) AS n
    LIMIT greatest(0, {wanted} - (SELECT count(*) FROM {table}))"""
_ADDRESS = "replace(email, '@', '.' || n || '@')"
_REPLACED = "md5(token || n) || substr(md5(n || token), 1, 8)"
_SUBMISSION = """
    replace(replace(form_data::text, '@', '.' || n || '@'), 'Regards', 'This is letter ' || n || '. Regards')::jsonb,
    submit_time - n * interval '1 minute', page_id"""
_JOB_ALERT = f"{_ADDRESS}, search, confirmed, created - n * interval '1 minute', {_REPLACED}, homepage_id"
_BLOG_ALERT = f"{_ADDRESS}, confirmed, created - n * interval '1 minute', {_REPLACED}, homepage_id"
_ACCOUNT = f"""
    'pbkdf2_sha256$1000$' || substr(md5(username || n), 1, 22) || '$'
        || encode(sha256((password || n)::bytea), 'base64'), last_login, false, username || '.' || n,
    first_name, last_name, {_ADDRESS}, is_staff, is_active, date_joined"""
_COLUMNS_OF_ALERT = "confirmed, created, token, homepage_id"
_COLUMNS_OF_ACCOUNT = (
    "password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined"
)


@dataclass(frozen=True)
class Crowd:
    """How many people there are.

    Attributes:
        submissions: forms that were sent in.
        alerts: subscriptions to alerts, half of them of jobs and half of blogs.
        accounts: accounts of the site.
    """

    submissions: int
    alerts: int
    accounts: int

    def fill(self, cluster: Cluster, database: str) -> None:
        """Add rows to a seeded database until there are as many as wanted."""
        half = self.alerts // 2
        for table, columns, values, wanted in (
            ("wagtailforms_formsubmission", "form_data, submit_time, page_id", _SUBMISSION, self.submissions),
            ("recruitment_jobalertsubscription", f"email, search, {_COLUMNS_OF_ALERT}", _JOB_ALERT, half),
            ("blogs_blogalertsubscription", f"email, {_COLUMNS_OF_ALERT}", _BLOG_ALERT, half),
            ("users_user", _COLUMNS_OF_ACCOUNT, _ACCOUNT, self.accounts),
        ):
            cluster.execute(
                _REPEATED.format(table=table, columns=columns, values=values, wanted=wanted), database=database
            )
