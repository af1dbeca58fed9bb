"""Signs of life in an SQLite database, made old: as if all that are at work slept, or were killed, an hour ago."""

import sqlite3
import time

LATE = """select count(*) from trials left join trial_heartbeats using (trial_id)
    where state = 'RUNNING' and heartbeat is null"""


def forget(url):
    """Let the last signs of life lie an hour back; those of a trial that has just begun are waited for."""
    with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60) as connection:
        while connection.execute(LATE).fetchone()[0]:
            time.sleep(0.01)
        connection.execute("update trial_heartbeats set heartbeat = datetime('now', '-1 hour')")
