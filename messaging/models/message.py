import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from messaging.enums import FAILED, WITH_PROVIDER, Answer, Channel, MessageStatus, Settled

S = MessageStatus

# What is longer is cut, never refused: a long reason must not keep a row from its end.
LONGEST = {"error_class": 60, "error_text": 300}


class Message(models.Model):
    """One outgoing text or e-mail: the queue entry while it waits, the ledger entry afterwards.

    `about_at` is the time the message is about (the session's start); together with kind, subject,
    recipient and channel it says "this was already said". `recipient` and `subject` are opaque here.
    `body` is what was sent with the link replaced by the word [link]: no token is ever stored.
    """

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    scope = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    about_at = models.DateTimeField(null=True, blank=True)
    recipient = models.CharField(max_length=64)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    language = models.CharField(max_length=10, default="en")

    due_at = models.DateTimeField()
    not_after = models.DateTimeField()
    # How due_at was worked out, so that it can be worked out again when the zone's rules change.
    rule = models.CharField(max_length=120, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    wall_time = models.CharField(max_length=16, blank=True)
    # 0: not part of a plan (an invitation, "come in"). Each change of the plan adds one.
    plan_version = models.PositiveIntegerField(default=0)

    status = models.CharField(max_length=12, choices=S.choices, default=S.PENDING)
    # Also the fencing token: a worker whose number is no longer this one has lost the row.
    attempts = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Set just before the request of the present attempt; while it is empty nothing can have left.
    posted_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    settle_rounds = models.PositiveSmallIntegerField(default=0)
    # How often it may have left with nobody able to say so.
    unsure_times = models.PositiveSmallIntegerField(default=0)

    send_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider_id = models.CharField(max_length=120, blank=True)
    sent_to = models.CharField(max_length=254, blank=True)
    email_subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    error_class = models.CharField(max_length=LONGEST["error_class"], blank=True)
    error_text = models.CharField(max_length=LONGEST["error_text"], blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    # The clinic's own words it was written with; null: the words that come with the product.
    wording = models.ForeignKey("messaging.Wording", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Empty unless it was uncertain once.
    settled = models.CharField(max_length=12, choices=Settled.choices, blank=True, db_default="")
    # What the person texted back.
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True, db_default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "about_at", "recipient", "channel"],
                nulls_distinct=False,
                name="message_said_once",
            ),
            models.CheckConstraint(
                condition=Q(status=S.SENDING, lease_until__isnull=False, claimed_at__isnull=False, attempts__gt=0)
                | (~Q(status=S.SENDING) & Q(lease_until__isnull=True)),
                name="message_sending_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(WITH_PROVIDER)) | (Q(sent_at__isnull=False) & ~Q(sent_to="")),
                name="message_sent_has_time_and_address",
            ),
            models.CheckConstraint(
                condition=~Q(status=S.DELIVERED) | Q(delivered_at__isnull=False),
                name="message_delivered_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=S.UNKNOWN)
                | (Q(posted_at__isnull=False, next_try_at__isnull=False) & ~Q(sent_to="")),
                name="message_unknown_can_be_asked_about",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[S.DEAD, S.BLOCKED, S.EXPIRED, S.UNDELIVERED]) | ~Q(error_text=""),
                name="message_failed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="message_answered_at_a_time",
            ),
        ]
        indexes = [
            # dispatch.claim on every tick, and outbox.waiting: what is due and waiting?
            models.Index(fields=["due_at", "next_try_at"], condition=Q(status=S.PENDING), name="message_due"),
            # settle.expire: which waiting ones are of no more use?
            models.Index(fields=["not_after"], condition=Q(status=S.PENDING), name="message_too_late"),
            # settle.reap: whose worker is gone?
            models.Index(fields=["lease_until"], condition=Q(status=S.SENDING), name="message_leased"),
            # settle.settle: about which must the provider be asked?
            models.Index(fields=["next_try_at"], condition=Q(status=S.UNKNOWN), name="message_unknown"),
            # outbox.reconcile on every change of a session, and the list of its messages.
            models.Index(fields=["scope"], name="message_scope"),
            # The list of one person's messages.
            models.Index(F("recipient"), F("due_at").desc(), name="message_recipient"),
            # receipts.apply, and the look-up that must not take another row's text for its own.
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="message_provider_id"),
            # The budget of an address, and what a number was last asked.
            models.Index(F("sent_to"), F("posted_at").desc(), condition=~Q(sent_to=""), name="message_sent_to"),
            # The messages page, newest first, and its failed ones.
            models.Index(F("site"), F("due_at").desc(), condition=~Q(status=S.VOID), name="message_site_newest"),
            models.Index(
                F("site"), F("due_at").desc(), condition=Q(status__in=sorted(FAILED)), name="message_site_failed"
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} {self.kind} {self.status}"
