"""Very many messages, written down with one statement: what the outbox would take minutes to plan."""

from datetime import datetime, timedelta

from django.db import connection

from tests.messaging import kinds

# As rows look that have been begun once: the words and the number are there. Due within ten minutes of each other.
ROWS = """
INSERT INTO messaging_message (site_id, kind, scope, subject, about_at, recipient, channel, language, due_at, not_after,
    rule, zone, wall_time, plan_version, status, attempts, settle_rounds, unsure_times, send_key, provider_id, sent_to,
    email_subject, body, error_class, error_text)
SELECT %(site)s, %(kind)s, 'visit:' || n / 8, 'visit:' || n / 8, %(due_at)s, 'patient:' || n, %(channel)s, 'en',
    %(due_at)s - n %% 600 * interval '1 s', %(not_after)s, '1 day before', '', '09:41', 1, 'pending', 0, 0, 0,
    gen_random_uuid(), '', '+1410555' || lpad((n %% 9999)::text, 4, '0'), '',
    'Northgate Care: we see you on 03 Mar 16:41. [link]', '', ''
FROM generate_series(1, %(rows)s) AS n
"""


def write(*, site_id: int, rows: int, due_at: datetime, channel: str = "sms") -> None:
    """Reminders to as many patients, of use for an hour, in a table as it is after autovacuum has been."""
    given = {"site": site_id, "kind": kinds.REMINDER.name, "rows": rows, "due_at": due_at, "channel": channel}
    with connection.cursor() as cursor:
        cursor.execute(ROWS, given | {"not_after": due_at + timedelta(hours=1)})
        cursor.execute("VACUUM ANALYZE messaging_message")
