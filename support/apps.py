from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The inversions: what stops a start, who sits with a patient, what follows a change, which messages exist,
        who hears replies, what a new site begins with."""
        from clinic.domain import followers, gates, guests, sites
        from education import library
        from messaging.domain import inbound
        from support.domain import circle, kinds, promise_rows, replies, reply_kinds, way_home

        gates.register(way_home.gate)
        guests.register(promise_rows.in_the_room)
        followers.register(circle.follow)
        sites.on_begin(library.sync)
        kinds.register_all()
        reply_kinds.register_all()
        if replies.heard not in inbound.on_inbound:
            inbound.on_inbound.append(replies.heard)
