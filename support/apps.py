from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The inversions: what stops a start, what follows a change, which messages exist, who hears replies,
        what a new site begins with."""
        from clinic.domain import followers, gates, sites
        from education import library
        from messaging.domain import inbound
        from support.domain import circle, kinds, replies, way_home

        gates.register(way_home.gate)
        followers.register(circle.follow)
        sites.on_begin(library.sync)
        kinds.register_all()
        if replies.heard not in inbound.on_inbound:
            inbound.on_inbound.append(replies.heard)
