"""Two questions of whoever runs the service: is the process alive, and can it do its work?"""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from clinic.access import public


@public
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. It asks nobody else, so that a database outage does not restart every web server."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database and broker answer, else 503; names the part that does not."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    status = "ok" if all(parts.values()) else "unavailable"
    body = {"status": status, **{name: "ok" if works else "unavailable" for name, works in parts.items()}}
    return JsonResponse(body, status=200 if status == "ok" else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    address = settings.REDIS_URL.replace("redis+socket://", "unix://")
    try:
        with Redis.from_url(address, socket_timeout=1, socket_connect_timeout=1) as broker:
            return bool(broker.ping())
    except RedisError:
        return False
