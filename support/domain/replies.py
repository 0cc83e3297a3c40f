"""Texts that come in, once messaging has kept them, obeyed what it must obey and put answers to their question.

Who wrote is told at once what became of it, in one text; what a person must read waits in the inbox with an owner.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from clinic.models import Patient, Site
from messaging.domain import answers, keywords, opt_outs, outbox
from messaging.domain.outbox import Wanted
from messaging.enums import Channel, Reply
from messaging.models import InboundText, Message, OptOut
from support.domain import alerts, commitments, inbox, purposes, same_number, staffed, text_answers
from support.domain.same_number import Holders
from support.enums import HOLDING, AlertKind, AnsweredVia
from support.models import Commitment, Designation

# What asks something that has its answer on a page: a plain "yes" to it gets the link. To anything else it is a
# courtesy.
ASKS_ON_A_PAGE = text_answers.ASKS | purposes.CHECKINS | purposes.OFFERS
ASKED_LATELY = timedelta(days=3)
# Of more use than that an answer to a text is not.
REPLY_LASTS = timedelta(minutes=30)


def heard(text: InboundText, now: datetime) -> None:
    """What was answered is said so; what is not certain is a link or a call."""
    who = same_number.holders(number=text.from_number)
    text.site = _site(text, who)
    if text.site is None:
        return
    text.done_at = now
    text.save(update_fields=["site", "done_at"])
    with alerts.for_the_desk():
        if text.handled in {Reply.STOPPED, Reply.STARTED}:
            _stopped_or_started(text, who, now)
        elif text.handled in {Reply.YES, Reply.NO}:
            _noted(text, who, now)
        elif text.handled == Reply.HELP:
            _asked_who_we_are(text, who, now)
        elif text.handled == Reply.UNCLEAR:
            _unclear(text, who, now)
        else:
            _for_a_person(text, who, now)


def needs_a_person(text: InboundText, who: Holders, now: datetime) -> None:
    """Waits in the inbox."""
    names = who.names_at(site_id=text.site_id)
    named, patient = _about(text, who)
    if not who.people:
        says = _("A text came from a number nobody here has: %(number)s. Please read it.")
    elif who.is_shared:
        says = _("A text came from a number that several have: %(names)s. Please read it and call.")
    elif text.handled == Reply.UNCLEAR:
        names = who.people[0].first_name
        says = _("%(names)s answered by text, and it is not certain what they mean. Please read it and call.")
    elif named is not None:
        names = named.person.first_name
        says = _("%(names)s sent a text about %(patient)s. Please read it and call.")
    else:
        names = patient.first_name if patient is not None else names
        says = _("%(names)s sent a text. Please read it and call.")
    words = {"names": names, "number": text.from_number, "patient": patient.first_name if patient is not None else ""}
    inbox.keep_for_a_person(text=text, says=says % words, now=now, patient=patient, designation=named)


def _noted(text: InboundText, who: Holders, now: datetime) -> None:
    """Not to the same answer given twice: an "OK" to our thanks would be thanked for without end."""
    before = InboundText.objects.filter(question=text.question).exclude(pk=text.pk).order_by("-received_at", "-pk")
    last = before.first()
    if last is None or last.handled != text.handled:
        _reply(text, who, "reply_noted", now)


def _stopped_or_started(text: InboundText, who: Holders, now: datetime) -> None:
    """The plans have followed already (``opt_outs.on_change``)."""
    if text.handled == Reply.STARTED:
        return
    for designation in who.named:
        _helpers_stop(text, who, designation, now)
    for patient in who.patients:
        says = _("%(name)s asked for no more texts. Please call: how can we reach them?")
        _call(text, says % {"name": patient.first_name}, patient, None, now)
    if not settings.SMS_PROVIDER_CONFIRMS_STOP:
        # One for each time they asked: that is all the law allows.
        held = OptOut.objects.filter(address=opt_outs.same(text.from_number), ended_at=None).first()
        if held is not None:
            _reply(text, who, "reply_stopped", now, about_at=held.since)


def _helpers_stop(text: InboundText, who: Holders, designation: Designation, now: datetime) -> None:
    """By law “cancel” opts out. From somebody who has a date it may also mean the date: unless two have this phone."""
    held = Commitment.objects.filter(designation=designation, status__in=HOLDING, infusion__ends_at__gt=now)
    had_dates = held.exists()
    says = _("%(name)s asked for no more texts. Please call: are they still coming?")
    if text.keyword in keywords.CANCEL and not who.is_shared:
        says = _("%(name)s texted “cancel”: no more texts, and no date counts. Please call.")
        for commitment in held.order_by("infusion_id", "pk"):
            by = f"designation:{designation.pk}"
            commitments.withdraw(commitment=commitment, via=AnsweredVia.TEXT, now=now, actor=by)
    if had_dates:
        _call(text, says % {"name": designation.person.first_name}, designation.patient, designation, now)


def _asked_who_we_are(text: InboundText, who: Holders, now: datetime) -> None:
    """From somebody we know it may be a call for help: a person reads it too."""
    _reply(text, who, "reply_help", now, about_at=_hour(now))
    if who.people:
        needs_a_person(text, who, now)


def _unclear(text: InboundText, who: Holders, now: datetime) -> None:
    """A "yes" that could mean several things gets the link. A "no" may be a ride that is lost, and two answers of a few
    minutes contradict each other: a person asks."""
    contradicts = InboundText.objects.filter(
        from_number=text.from_number, question__isnull=False, received_at__gt=now - answers.OVERTAKES
    )
    is_plain_yes = text.keyword == str(Reply.YES) and not contradicts.exists()
    if who.is_shared or (who.people and not is_plain_yes):
        needs_a_person(text, who, now)
    if (
        who.named_still(now=now).people
        and not who.is_shared
        and text.keyword in {Reply.YES, Reply.NO}
        and _asked_lately(text, now)
    ):
        _reply(text, who, "reply_link", now, about_at=_hour(now))


def _for_a_person(text: InboundText, who: Holders, now: datetime) -> None:
    """And they hear when somebody reads it: once for each opening."""
    needs_a_person(text, who, now)
    if text.site is not None:
        reading = staffed.next_open(site=text.site, now=now)
        _reply(text, who, "reply_staffed", now, about_at=reading.at if reading is not None else _hour(now))


def _asked_lately(text: InboundText, now: datetime) -> bool:
    sent = Message.objects.filter(sent_to=text.from_number, kind__in=ASKS_ON_A_PAGE, posted_at__gt=now - ASKED_LATELY)
    return sent.exists()


def _reply(text: InboundText, who: Holders, kind: str, now: datetime, about_at: datetime | None = None) -> None:
    """Once; with ``about_at`` once for the number and that time, however many texts come."""
    site = text.site
    if site is None:
        return
    recipient, language = _reader(text, who, now)
    wanted = Wanted(
        kind=kind,
        subject=f"inbound:{text.pk}" if about_at is None else _stranger(text),
        about_at=about_at,
        recipient=recipient,
        channel=Channel.SMS,
        due_at=now,
        not_after=now + REPLY_LASTS,
        language=language,
        rule="the answer to a text",
        zone=site.timezone,
    )
    outbox.post(site_id=site.pk, scope=f"inbound:{text.pk}", wanted=wanted, now=now)


def _about(text: InboundText, who: Holders) -> tuple[Designation | None, Patient | None]:
    """Whom it is from and whom about, where that is certain: the helper and their patient, or the patient alone."""
    if who.is_shared:
        return None, None
    here = who.at(site_id=text.site_id)
    if text.question is not None:
        named = _asked(text.question, here)
    else:
        named = here.named[0] if len(here.named) == 1 and not who.patients else None
    if named is not None:
        return named, named.patient
    return None, here.patients[0] if here.patients else None


def _reader(text: InboundText, everybody: Holders, now: datetime) -> tuple[str, str]:
    """Under which name an answer goes to them, and in which language. Of a helper of several patients the page they
    were written to about last."""
    who = everybody.named_still(now=now)
    if everybody.is_shared or not who.people:
        return _stranger(text), "es" if text.keyword in keywords.SPANISH else settings.LANGUAGE_CODE
    named, patient = _about(text, who)
    if named is None and patient is None:
        wrote = Message.objects.filter(sent_to=text.from_number, recipient__startswith="designation:")
        last = wrote.order_by("-posted_at").first()
        named = (_asked(last, who) if last is not None else None) or who.named[-1]
    if named is not None:
        return f"designation:{named.pk}", named.person.language
    return f"patient:{who.patients[0].pk}", who.patients[0].language


def _asked(message: Message, who: Holders) -> Designation | None:
    return next((named for named in who.named if message.recipient == f"designation:{named.pk}"), None)


def _stranger(text: InboundText) -> str:
    """Of a number nobody has, or several: an answer with no link."""
    return f"number:{text.from_number.lstrip('+')}"


def _site(text: InboundText, who: Holders) -> Site | None:
    """Of those who know this number the one that wrote to it last; a stranger's is whose number it came to, else the
    one that wrote to it, else the first."""
    known = {site.pk: site for site in (*(p.site for p in who.patients), *(d.patient.site for d in who.named))}
    wrote = Message.objects.filter(sent_to=text.from_number).order_by("-posted_at").select_related("site").first()
    if known:
        return known.get(wrote.site_id if wrote is not None else 0) or next(iter(known.values()))
    of_number = Site.objects.filter(phone=text.to_number).order_by("pk").first() if text.to_number else None
    return of_number or (wrote.site if wrote is not None else None) or Site.objects.order_by("pk").first()


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _call(text: InboundText, says: str, patient: Patient, designation: Designation | None, now: datetime) -> None:
    """One call for each of them, however often they text it before somebody has called."""
    whose = f"designation:{designation.pk}" if designation is not None else f"patient:{patient.pk}"
    alerts.open_alert(
        kind=AlertKind.CALL_TASK,
        key=f"stop:{whose}:{text.keyword in keywords.CANCEL:d}",
        says=says,
        patient=patient,
        designation=designation,
        now=now,
    )
