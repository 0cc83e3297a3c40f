from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = "Messages"

    def ready(self) -> None:
        from anymail.signals import tracking

        from messaging import checks as checks
        from messaging.views import email

        tracking.connect(email.heard, dispatch_uid="messaging.heard")
