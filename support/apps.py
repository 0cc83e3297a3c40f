from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The inversions: what stops a start, who sits with a patient, what follows a change, which messages exist,
        who hears replies and opt-outs, who looks whether messages go out, what a new site begins with."""
        from clinic.domain import followers, gates, guests, sites
        from education import library
        from messaging.domain import inbound, opt_outs, rounds
        from support import checks as checks
        from support import tasks
        from support.domain import (
            arrangements,
            circle,
            escorts,
            flow,
            kinds,
            neutral_names,
            promise_rows,
            reach_changes,
            replies,
            reply_kinds,
            way_home,
        )

        gates.register(way_home.gate)
        guests.register(promise_rows.in_the_room)
        followers.register(circle.follow)
        followers.register(arrangements.follow)
        followers.register(escorts.follow)
        followers.on_outdated(tasks.ring_plan_anew)
        sites.on_begin(library.sync)
        sites.on_public_words(neutral_names.faults)
        kinds.register_all()
        reply_kinds.register_all()
        if replies.heard not in inbound.on_inbound:
            inbound.on_inbound.append(replies.heard)
        if reach_changes.heard not in opt_outs.on_change:
            opt_outs.on_change.append(reach_changes.heard)
        if flow.watch not in rounds.on_round:
            rounds.on_round.append(flow.watch)
