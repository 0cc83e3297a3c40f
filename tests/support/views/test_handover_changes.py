"""At the door it is not as planned: another person, the wrong one, a dead phone, a patient who will not wait."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from clinic.domain import infusions
from clinic.enums import InfusionStatus, ReleasedHow, Role
from clinic.models import AuditEntry
from education import directory, library
from education.models import PageRevision
from support.domain import commitments, designations, handovers, links, quiet_words
from support.enums import AlertKind, AlertStatus, CommitmentStatus, ConsentHow, MayKnow, NotHandedOver, SupportRole
from support.models import Alert, Handover, NotHandedOverTo, QuietWord
from tests import world
from tests.factories import CommitmentFactory, DesignationFactory, PatientFactory, StaffFactory

S = InfusionStatus
AWAY = {"why": NotHandedOver.UNFIT, "note": "Cannot stand, smells of alcohol"}


@pytest.fixture
def nurse(sign_in):
    return sign_in(Role.NURSE)


def named(patient, name, now):
    return DesignationFactory(patient=patient, person__given_name=name, person__is_adult=True, roles=[SupportRole.RIDE])


@pytest.fixture
def ready(book, site, now):
    """Kim is ready to leave, Pat has the way home, Jo was asked too."""
    infusion = book(at=now - timedelta(hours=2))
    for name, status in [("Pat", CommitmentStatus.RECONFIRMED), ("Jo", CommitmentStatus.COVERED)]:
        held = {"answered_at": now, "reconfirmed_at": now} if name == "Pat" else {}
        CommitmentFactory(infusion=infusion, status=status, designation=named(infusion.patient, name, now), **held)
    by = StaffFactory(role=Role.CLINICIAN, sites=[site])
    early = now - timedelta(minutes=90)
    for act in (infusions.arrive, infusions.start, infusions.recover):
        act(infusion=infusion, actor=by, now=early)
    return infusions.ready(infusion=infusion, actor=by, now=now - timedelta(minutes=5))


def of(infusion, name):
    return infusion.commitments.get(designation__person__given_name=name)


def go(client, name, infusion, data=None, **query):
    address = reverse(name, args=[infusion.pk], query=query or None)
    return client.get(address) if data is None else client.post(address, data)


def test_somebody_who_seems_unfit_is_turned_away_and_the_patient_stays(nurse, ready):
    response = go(nurse, "handover_not", ready, {**AWAY, "commitment": of(ready, "Pat").pk})
    ready.refresh_from_db()
    assert (response.headers["Location"], ready.state) == (reverse("infusion", args=[ready.pk]), S.READY)
    assert (of(ready, "Pat").status, of(ready, "Jo").status) == ("withdrawn", "asked")
    page = go(nurse, "handover", ready).content.decode()
    assert "Seems not fit to take somebody home" in page
    assert "The patient stays here until somebody does." in page


def test_a_stranger_at_the_door_ends_nobodys_promise(nurse, ready):
    given = {"why": NotHandedOver.WRONG_PERSON, "note": "A man who says he is a cousin", "commitment": ""}
    assert go(nurse, "handover_not", ready, given).status_code == 302
    assert (of(ready, "Pat").status, NotHandedOverTo.objects.get().commitment) == ("reconfirmed", None)


@pytest.mark.parametrize("missing", ["why", "note"])
def test_without_why_and_whom_nothing_is_written(nurse, ready, missing):
    response = go(nurse, "handover_not", ready, {**AWAY, "commitment": "", missing: ""})
    assert (response.status_code, NotHandedOverTo.objects.count()) == (422, 0)


def test_another_named_person_takes_them_with_new_words(nurse, ready):
    old = Handover.objects.get()
    response = go(nurse, "handover_swap", ready, {"designation": of(ready, "Jo").designation_id})
    new = Handover.objects.get()
    assert response.headers["Location"] == reverse("handover", args=[ready.pk])
    assert (of(ready, "Pat").status, of(ready, "Jo").status) == ("withdrawn", "reconfirmed")
    assert (old.patient_word, old.helper_word) != (new.patient_word, new.helper_word)


def test_the_front_desk_swaps_too_and_comes_back_to_the_visit(desk, ready):
    response = go(desk, "handover_swap", ready, {"designation": of(ready, "Jo").designation_id})
    assert response.headers["Location"] == reverse("infusion", args=[ready.pk])
    page = desk.get(response.headers["Location"]).content.decode()
    assert all(words in page for words in ("Jo has the way home now.", "Please tell Pat."))


def test_only_who_was_named_for_it_can_be_chosen(desk, ready, now):
    other = named(PatientFactory(site=ready.site), "Lee", now)
    assert go(desk, "handover_swap", ready, {"designation": other.pk}).status_code == 422
    assert "Lee" not in go(desk, "handover_swap", ready).content.decode()


def test_somebody_new_is_named_first_and_during_the_visit_a_clinician_stands_for_it(sign_in, desk, ready, site, now):
    clinician = StaffFactory(role=Role.CLINICIAN, sites=[site])
    assert reverse("designation_new", args=[ready.patient_id]) in go(desk, "handover_swap", ready).content.decode()
    lee = designations.name(
        patient=ready.patient,
        person_fields={"given_name": "Lee", "phone": "+14105550177", "is_adult": True},
        roles=[SupportRole.RIDE],
        rank=3,
        may_know=[],
        consent_how=ConsentHow.IN_PERSON,
        wording="I would like Lee to help me.",
        witness=clinician,
        now=now,
    )
    refused = go(desk, "handover_swap", ready, {"designation": lee.pk})
    assert "Lee was named after the treatment began. A clinician does this." in refused.content.decode()
    assert go(sign_in(staff=clinician), "handover_swap", ready, {"designation": lee.pk}).status_code == 302


def test_a_slip_has_what_the_phone_would_have_shown_and_the_printing_is_noted(nurse, ready, site):
    page = go(nurse, "handover_slip", ready, {}).content.decode()
    drawn = Handover.objects.get()
    sheet = page[page.index('<article class="slip"') : page.index("</article>")]
    assert drawn.helper_word in sheet
    assert drawn.patient_word not in strip_tags(sheet)
    assert '<svg viewBox="' in sheet
    assert "style=" not in sheet
    assert "I am 18 or older. I have had no alcohol." in sheet
    assert drawn.slip_printed_at is not None
    assert AuditEntry.objects.filter(verb="handover.slip_printed", patient_id=ready.patient_id).count() == 1


def test_the_slip_holds_the_whole_evening_and_names_no_reason(nurse, ready, site, now):
    directory.sync(now=now)
    library.sync(site=site, now=now)
    director = StaffFactory(role=Role.DIRECTOR, sites=[site])
    for revision in PageRevision.objects.filter(page__site=site, reviewed_at=None):
        library.approve(revision=revision, actor=director, now=now)
    named = of(ready, "Pat").designation
    named.may_know = [MayKnow.AFTERCARE]
    named.save()
    page = go(nurse, "handover_slip", ready, {}).content.decode()
    sheet = page[page.index('<article class="slip"') : page.index("</article>")]
    assert "Overnight" in sheet
    assert not re.search("ketamin|infusion|depress", sheet, re.IGNORECASE)
    named.may_know = []
    named.save()
    page = go(nurse, "handover_slip", ready, {}).content.decode()
    assert page[page.index('<article class="slip"') : page.index("</article>")].count("<h2") == 1


def test_the_slip_leads_to_the_helpers_own_page_and_is_made_by_a_press_only(nurse, ready):
    assert go(nurse, "handover_slip", ready).status_code == 405
    go(nurse, "handover_slip", ready, {})
    link = links.for_designation(designation=of(ready, "Pat").designation, now=ready.ready_at)
    assert Client().get(f"/l/{links.token(link)}/", follow=True).status_code == 200


def test_no_slip_before_the_patient_is_ready(desk, book, now):
    response = go(desk, "handover_slip", book(at=now), {})
    assert response.headers["Location"].startswith("/infusions/")


def test_leaving_against_advice_has_its_form_a_witness_and_a_call(sign_in, ready, site):
    doctor, dana = (StaffFactory(role=role, sites=[site]) for role in (Role.CLINICIAN, Role.FRONT_DESK))
    clinician = sign_in(staff=doctor)
    page = go(clinician, "handover_against_advice", ready).content.decode()
    assert dana.full_name in page
    assert "Where nobody answers, whom the patient allowed is called." in page
    given = {"evidence": "Told of the risks, takes a taxi.", "witness": dana.pk}
    assert go(clinician, "handover_against_advice", ready, given | {"witness": ""}).status_code == 422
    assert go(clinician, "handover_against_advice", ready, given | {"witness": doctor.pk}).status_code == 422
    assert go(clinician, "handover_against_advice", ready, given).status_code == 302
    ready.refresh_from_db()
    assert (ready.released_how, ready.handover.witness) == (ReleasedHow.AGAINST_ADVICE, dana)
    assert Alert.objects.filter(kind=AlertKind.LEFT_ADVICE).count() == 1
    assert dana.full_name in go(clinician, "handover", ready).content.decode()


def test_a_nurse_alone_lets_nobody_leave_against_advice(nurse, ready, site):
    witness = StaffFactory(sites=[site])
    given = {"evidence": "Told of the risks, takes a taxi.", "witness": witness.pk}
    assert go(nurse, "handover_against_advice", ready, given).status_code == 422
    page = go(nurse, "handover_against_advice", ready).content.decode()
    assert "These need somebody else to sign off:" in page


@pytest.fixture
def patient_page(ready):
    browser = Client()
    link = links.for_patient(patient=ready.patient, now=ready.ready_at)
    browser.get(f"/l/{links.token(link)}/")
    return browser, f"/l/{link.id}/"


def plain(html):
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", html)


def test_the_quiet_word_is_one_tap_and_the_page_looks_as_before(ready, patient_page):
    browser, address = patient_page
    before = browser.get(address).content.decode()
    assert "Ask a nurse to come" in before
    after = browser.post(f"{address}visit/{ready.pk}/ask-nurse/", follow=True)
    assert plain(after.content.decode()) == plain(before)
    assert Alert.objects.get().kind == AlertKind.QUIET_WORD


def test_a_word_is_shown_only_where_somebody_has_the_other(ready, patient_page):
    browser, address = patient_page
    assert "Your word for the front desk" in browser.get(address).content.decode()
    commitments.withdraw(commitment=of(ready, "Pat"), via="link", now=ready.ready_at)
    assert "Your word for the front desk" not in browser.get(address).content.decode()


def test_whoever_waits_sees_nothing_of_it(ready, patient_page):
    link = links.for_designation(designation=of(ready, "Pat").designation, now=ready.ready_at)
    helper = world.theirs(Client(), link)
    before = helper.get(f"/l/{link.id}/").content.decode()
    browser, address = patient_page
    browser.post(f"{address}visit/{ready.pk}/ask-nurse/")
    assert plain(helper.get(f"/l/{link.id}/").content.decode()) == plain(before)


def test_somebody_elses_patient_asks_for_nobody_here(ready, patient_page, book, now):
    browser, address = patient_page
    other = book(at=now)
    assert browser.post(f"{address}visit/{other.pk}/ask-nurse/").status_code == 404


def test_a_nurse_writes_down_what_was_agreed_and_it_goes_on(nurse, ready, now):
    quiet_words.say(infusion=ready, now=now, actor="link:abc")
    page = go(nurse, "handover", ready).content.decode()
    assert "alone first" in page
    assert 'name="check_by"' not in page
    assert go(nurse, "quiet_word_hear", ready, {"outcome": ""}).status_code == 422
    response = go(nurse, "quiet_word_hear", ready, {"outcome": "Wanted a glass of water, all is well"})
    assert response.headers["Location"] == reverse("handover", args=[ready.pk])
    assert QuietWord.objects.get().heard_at == now
    assert 'name="check_by"' in go(nurse, "handover", ready).content.decode()


def test_not_with_this_person_leads_to_the_form_that_says_so(nurse, ready, now):
    quiet_words.say(infusion=ready, now=now, actor="link:abc")
    response = go(nurse, "quiet_word_hear", ready, {"outcome": "She is afraid of him", "then": "not_them"})
    address = response.headers["Location"]
    assert address == reverse("handover_not", args=[ready.pk], query={"why": NotHandedOver.PATIENT_ASKED})
    assert re.search(r'value="patient_asked"[^>]*checked', nurse.get(address).content.decode())


def test_the_front_desk_neither_hears_nor_refuses(desk, ready, now):
    quiet_words.say(infusion=ready, now=now, actor="link:abc")
    assert go(desk, "quiet_word_hear", ready, {"outcome": "All is well"}).status_code == 403
    assert go(desk, "handover_not", ready, AWAY).status_code == 403


def test_the_alert_leads_to_where_it_is_written_down(nurse, ready, now):
    quiet_words.say(infusion=ready, now=now, actor="link:abc")
    page = nurse.get(reverse("alert", args=[Alert.objects.get().pk])).content.decode()
    assert reverse("handover", args=[ready.pk]) in page
    assert reverse("alert_close", args=[Alert.objects.get().pk]) not in page


def test_a_nurse_asked_for_before_the_start_is_heard_even_where_the_visit_is_off_by_then(nurse, sign_in, book, now):
    waiting = book(at=now, status=S.ARRIVED, arrived_at=now)
    quiet_words.say(infusion=waiting, now=now, actor="link:abc")
    page = go(nurse, "handover", waiting).content.decode()
    assert reverse("quiet_word_hear", args=[waiting.pk]) in page
    assert "The visit has not started" not in page
    assert "not_them" not in page
    infusions.cancel(infusion=waiting, actor=StaffFactory(sites=[waiting.site]), now=now, reason="Not well")
    assert reverse("quiet_word_hear", args=[waiting.pk]) in go(nurse, "handover", waiting).content.decode()
    go(nurse, "quiet_word_hear", waiting, {"outcome": "She was cold, all is well"})
    assert Alert.objects.get(kind=AlertKind.QUIET_WORD).status == AlertStatus.CLOSED
    assert "The visit has not started" in go(nurse, "handover", waiting).content.decode()


def test_the_front_desk_is_led_to_no_page_that_is_not_theirs(desk, ready, now):
    quiet_words.say(infusion=ready, now=now, actor="link:abc")
    page = desk.get(reverse("alert", args=[Alert.objects.get().pk])).content.decode()
    assert "A nurse or a clinician speaks with the patient, and writes down what was agreed." in page
    assert f'href="{reverse("handover", args=[ready.pk])}"' not in page


def test_the_visit_leads_the_front_desk_to_the_swap_and_to_the_slip(desk, ready):
    page = go(desk, "infusion", ready).content.decode()
    assert reverse("handover_swap", args=[ready.pk]) in page
    assert reverse("handover_slip", args=[ready.pk]) in page


def home_unknown(infusion, now):
    return Alert.objects.create(
        site=infusion.site,
        patient=infusion.patient,
        infusion=infusion,
        kind=AlertKind.HOME_UNKNOWN,
        key=f"home-unknown:{infusion.pk}",
        says="Please call.",
        opened_at=now,
        owner=StaffFactory(sites=[infusion.site]),
        deadline=now,
    )


@pytest.mark.parametrize(("ticked", "state"), [({"home": "1"}, S.HOME), ({}, S.RELEASED)])
def test_what_was_done_may_be_that_they_are_home(desk, ready, now, ticked, state):
    handovers.complete(
        infusion=ready,
        commitment=of(ready, "Pat"),
        check_by="known",
        score=10,
        instructions_given=True,
        accepted_on_paper=True,
        actor=StaffFactory(role=Role.NURSE, sites=[ready.site]),
        now=now,
    )
    ready.refresh_from_db()
    alert = home_unknown(ready, now)
    assert 'name="home"' in desk.get(reverse("alert", args=[alert.pk])).content.decode()
    desk.post(reverse("alert_close", args=[alert.pk]), {"outcome": "Called, all is well", **ticked})
    ready.refresh_from_db()
    alert.refresh_from_db()
    assert (ready.state, alert.status) == (state, AlertStatus.CLOSED)


def test_patient_and_helper_read_the_same_about_driving(ready, now, patient_page):
    pat = of(ready, "Pat")
    pat.designation.may_know = list(MayKnow.values)
    pat.designation.save()
    handovers.complete(
        infusion=ready,
        commitment=pat,
        check_by="known",
        score=10,
        instructions_given=True,
        accepted_on_paper=True,
        actor=StaffFactory(role=Role.NURSE, sites=[ready.site]),
        now=now,
    )
    link = links.for_designation(designation=pat.designation, now=now)
    helper = world.theirs(Client(), link)
    browser, address = patient_page

    def clocks():
        pages = [browser.get(address).content.decode(), helper.get(f"/l/{link.id}/").content.decode()]
        return [re.search(r'<section class="clock part".*?</section>', page, re.S).group(0) for page in pages]

    first, second = clocks()
    assert first == second
    assert "and only after a night’s sleep" in first
    with time_machine.travel(now + timedelta(hours=23), tick=False):
        ready.refresh_from_db()
        browser.post(f"{address}visit/{ready.pk}/slept/")
        first, second = clocks()
    assert "A good night’s sleep was said at 08:41." in first
    assert "fit to drive" in first
    # The same time for both; what the patient answered is theirs.
    assert re.search(r"<time .*?</time>", first).group() == re.search(r"<time .*?</time>", second).group()
    assert "was said" not in second


def test_a_bad_night_moves_the_time_for_both_and_says_that_somebody_calls(ready, now, patient_page):
    pat = of(ready, "Pat")
    nurse = StaffFactory(role=Role.NURSE, sites=[ready.site])
    leaves = {"check_by": "known", "score": 10, "instructions_given": True, "accepted_on_paper": True}
    handovers.complete(infusion=ready, commitment=pat, actor=nurse, now=now, **leaves)
    helper = world.theirs(Client(), links.for_designation(designation=pat.designation, now=now))
    browser, address = patient_page
    assert "Not so well" not in browser.get(address).content.decode()
    with time_machine.travel(now + timedelta(hours=23), tick=False):
        assert "Not so well" in browser.get(address).content.decode()
        after = browser.post(f"{address}visit/{ready.pk}/slept/", {"how": "badly"}, follow=True).content.decode()
        link = links.for_designation(designation=pat.designation, now=now)
        pages = [after, helper.get(f"/l/{link.id}/").content.decode()]
    assert "Thank you for telling us. Somebody calls you." in after
    assert "Not so well" not in after
    times = [re.search(r'<section class="clock part".*?datetime="([^"]*)"', page, re.S).group(1) for page in pages]
    assert [time[:16] for time in times] == ["2026-03-05T08:00"] * 2


def test_a_helper_cannot_accept_for_another_after_the_swap(nurse, ready):
    link = links.for_designation(designation=of(ready, "Pat").designation, now=ready.ready_at)
    helper = world.theirs(Client(), link)
    go(nurse, "handover_swap", ready, {"designation": of(ready, "Jo").designation_id})
    helper.post(f"/l/{link.id}/visit/{ready.pk}/accept/")
    assert Handover.objects.get().accepted_at is None


def test_withdrawn_by_the_helper_and_swapped_at_once_one_person_drives(ready, desk):
    commitments.withdraw(commitment=of(ready, "Pat"), via="link", now=ready.ready_at)
    go(desk, "handover_swap", ready, {"designation": of(ready, "Jo").designation_id})
    holding = ready.commitments.filter(status__in=["accepted", "reconfirmed", "kept"])
    assert [row.designation.person.given_name for row in holding] == ["Jo"]
