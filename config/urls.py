"""Every address of the project."""

from django.urls import include, path

from config import health
from config.styleguide import styleguide

urlpatterns = [
    path("", include("support.urls")),
    path("", include("support.link_urls")),
    path("", include("support.scheduling_urls")),
    path("", include("clinic.urls")),
    path("library/", include("education.urls")),
    path("hooks/", include("messaging.urls")),
    path("account/", include("config.account_urls")),
    path("styleguide/", styleguide, name="styleguide"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
