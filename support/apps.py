from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The inversions: what stops a start, what follows a change, which messages exist, who hears replies."""
        from clinic.domain import followers, gates
        from messaging.domain import inbound
        from support.domain import circle, kinds, replies, way_home

        gates.register(way_home.gate)
        followers.register(circle.follow)
        kinds.register_all()
        if replies.heard not in inbound.on_inbound:
            inbound.on_inbound.append(replies.heard)
