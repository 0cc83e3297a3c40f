"""``python -m config.probe``: ends well when this machine's web server is ready. For health checks of containers."""

import os
import sys
from http.client import HTTPConnection, HTTPException


def ready(port: int, host: str = "localhost") -> bool:
    """Whether ``/readyz`` answers 200. ``host`` must be one that the settings allow."""
    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    allowed = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    sys.exit(0 if ready(int(os.environ.get("PORT", "8000")), allowed) else 1)
