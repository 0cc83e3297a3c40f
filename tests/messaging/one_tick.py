"""``python -m tests.messaging.one_tick MOMENT CAP``: a process that rings once, and how much memory it took for it.

Says how many messages left and the most memory it ever held, in kB. E-mails go nowhere.
"""

import sys
from datetime import datetime
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402

from messaging.domain import dispatch, settle  # noqa: E402
from tests.messaging import kinds as kinds  # noqa: E402


def main() -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    now, cap = datetime.fromisoformat(sys.argv[1]), int(sys.argv[2])
    settle.run(clock=lambda: now)
    done = dispatch.run(clock=lambda: now, cap=cap)
    # Of this program alone: what getrusage says begins with whoever started it.
    [peak] = [
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    print(done["sent"], peak)  # noqa: T201


main()
