from django.db import models

from messaging.enums import Channel


class Traffic(models.Model):
    """How the provider of a channel answered in one minute (UTC): what its health is judged by."""

    channel = models.CharField(max_length=8, choices=Channel.choices)
    minute = models.DateTimeField()
    accepted = models.PositiveIntegerField(default=0)
    later = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    unclear = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    undelivered = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "minute"], name="traffic_minute_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.minute:%Y-%m-%d %H:%M}"
