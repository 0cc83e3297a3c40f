"""How gunicorn serves: ``gunicorn -c python:config.server config.wsgi``."""

import os

from config.logs import LOGGING

bind = os.environ.get("BIND") or f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
timeout = 60
graceful_timeout = 20
keepalive = 5
# A leak in a long-lived worker stays small.
max_requests = 5000
max_requests_jitter = 500
# gunicorn names the address that failed; it must pass the same redaction as every other line.
logconfig_dict = LOGGING
accesslog = None
# A worker's sign of life lies in memory, not on a disk that may be slow.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
