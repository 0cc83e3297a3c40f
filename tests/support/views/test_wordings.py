import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEntry
from messaging.models import Wording
from support.domain import wording_about, wording_look
from support.domain.wording_look import Which
from tests.factories import DesignationFactory, PatientFactory, SiteFactory, StaffFactory

WHICH = ["patient_3_days", "sms", "en"]
WORDS = "{{ site }}: see you {{ when }}. {{ link }}"
QUERIES = 5


@pytest.fixture
def director(sign_in) -> Client:
    return sign_in(Role.DIRECTOR)


@pytest.fixture
def admin(sign_in) -> Client:
    return sign_in(Role.ADMIN)


def url(which=None, name="wording", *more) -> str:
    return reverse(name, args=[*(which or WHICH), *more])


def write(client, text=WORDS, *, which=None, based_on=0, **fields):
    return client.post(url(which), {"text": text, "based_on": based_on, **fields})


def faults(response) -> list[str]:
    return response.context["form"].non_field_errors()


def test_every_message_is_listed_in_every_channel_and_language(director):
    rows = {row.name: row for row in director.get(reverse("wordings")).context["rows"]}
    assert {"patient_1_day", "helper_invitation", "helper_news", "waitlist_offer"} <= rows.keys()
    assert [(cell.which.channel, cell.which.language) for cell in rows["patient_1_day"].cells] == [
        ("sms", "en"),
        ("sms", "es"),
        ("email", "en"),
        ("email", "es"),
    ]


def test_an_empty_list_says_why_it_is_empty(admin):
    said = [admin.get(reverse("wordings"), asked).content.decode() for asked in ({"q": "zebra"}, {"only_own": "on"})]
    assert ["No message speaks of that" in page for page in said] == [True, False]
    assert ["None is in our own words yet" in page for page in said] == [False, True]


def test_what_is_shipped_can_all_be_sent(director):
    rows = director.get(reverse("wordings")).context["rows"]
    assert [cell.look.fault for row in rows for cell in row.cells if cell.look.fault] == []


def test_the_list_asks_the_same_number_of_questions_with_one_and_with_three_own_wordings(
    director, django_assert_num_queries
):
    for number, kind in enumerate(("patient_3_days", "patient_cancelled", "patient_moved")):
        write(director, which=[kind, "sms", "en"])
        if number in {0, 2}:
            with django_assert_num_queries(QUERIES):
                director.get(reverse("wordings"))


def test_the_list_is_narrowed_by_words_reader_and_what_was_changed(director):
    write(director, "{{ site }}: bis bald, {{ when }}. {{ link }}")

    def names(**asked) -> list[str]:
        return [row.name for row in director.get(reverse("wordings"), asked).context["rows"]]

    assert names(q="bis bald") == names(only_own="on") == ["patient_3_days"]
    assert names(q="bis bald", audience="helper") == []
    assert set(names(audience="helper")) > {"helper_news", "helper_invitation"}
    assert "patient_3_days" in names(q="THREE days")


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.CLINICIAN])
def test_who_does_not_set_the_clinic_up_changes_no_words(sign_in, role):
    client = sign_in(role)
    assert client.get(reverse("wordings")).status_code == 403
    assert write(client).status_code == 403
    assert not Wording.objects.exists()


@pytest.mark.parametrize(
    "which",
    [
        ["nothing", "sms", "en"],
        ["patient_3_days", "fax", "en"],
        ["patient_3_days", "sms", "fr"],
        ["email", "sms", "en"],
    ],
)
def test_words_nobody_sends_have_no_page(director, which):
    assert director.get(url(which)).status_code == 404
    assert write(director, which=which).status_code == 404


def test_new_words_are_kept_with_who_wrote_them_and_when(site, sign_in, now):
    person = StaffFactory(role=Role.ADMIN, sites=[site])
    assert write(sign_in(staff=person)).status_code == 302
    mine = Wording.objects.get()
    assert (mine.site, mine.kind, mine.channel, mine.language) == (site, *WHICH)
    assert (mine.text, mine.version, mine.made_by, mine.made_at) == (WORDS, 1, person, now)
    entry = AuditEntry.objects.get(verb="wording.changed")
    assert (entry.actor, entry.subject) == (f"staff:{person.pk}", f"wording:{site.pk}:patient_3_days:sms:en")


def test_saving_twice_writes_once(director):
    assert [write(director).status_code for _time in range(2)] == [302, 302]
    assert Wording.objects.count() == AuditEntry.objects.filter(verb="wording.changed").count() == 1


def test_the_same_words_as_shipped_are_no_words_of_our_own(director):
    shipped = director.get(url()).context["shipped"]
    write(director, shipped.text)
    assert not Wording.objects.exists()
    write(director)
    write(director, shipped.text, based_on=1)
    assert Wording.objects.get().retired_at is not None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ site }}: your ketamine visit {{ when }}", "It holds a word that must not be seen on a screen: “ketamin”."),
        ("{{ site }} {{ diagnosis }}", "“diagnosis” cannot be used in this message."),
        ("{% for a in b %}{{ a }}{% endfor %}", "Only names and “if” can be used, not “{% for a in b %}”."),
        ("{% if when %}{{ when }}", "An “if” has no “endif”."),
        ("See https://example.com/ {{ link }}", "It holds a link that is not the clinic's own."),
        ("{{ site }} " + "word " * 30, "It is 2 texts long; 1 is the limit."),
        (
            "{{ site }}: see you on {{ when }} at the door, all of you ☺",
            "It is 2 texts long, because of the characters “☺”.",
        ),
        (
            "{% if when %}hi{% else %}infusion{% endif %}",
            "It holds a word that must not be seen on a screen: “infusion”.",
        ),
    ],
)
def test_what_the_firewall_refuses_is_not_saved_and_says_why(director, text, sentence):
    response = write(director, text)
    assert (response.status_code, faults(response)) == (422, [sentence])
    assert response.context["look"].fault == sentence
    assert text in response.context["form"]["text"].value()
    assert not Wording.objects.exists()


def test_the_clinics_own_forbidden_words_are_refused(director, site):
    site.never_say = ["lounge"]
    site.save()
    assert faults(write(director, "{{ site }}: the Lounge awaits {{ when }}")) == [
        "It holds a word that must not be seen on a screen: “lounge”."
    ]


def test_an_e_mail_has_a_subject_on_one_line_which_is_judged_too(director):
    which = ["patient_3_days", "email", "en"]
    assert write(director, which=which).status_code == 422
    assert faults(write(director, which=which, subject="Your infusion"))
    assert write(director, which=which, subject="See you\r\nBcc: all@example.org").status_code == 302
    assert Wording.objects.get().subject == "See you Bcc: all@example.org"


def test_the_first_words_of_an_e_mail_are_judged_as_they_lie_on_the_phone_beside_its_subject(director):
    response = write(director, "Your infusion is near.", which=["patient_3_days", "email", "en"], subject="See you")
    assert faults(response) == ["It holds a word that must not be seen on a screen: “infusion”."]


def test_a_day_cannot_be_named_in_the_words_for_helpers_who_may_not_know_dates(director):
    assert faults(write(director, which=["helper_news", "sms", "en"])) == ["“when” cannot be used in this message."]
    assert (
        write(director, "{{ site }}: news of {{ name }}. {{ link }}", which=["helper_news", "sms", "en"]).status_code
        == 302
    )


def test_who_was_overtaken_keeps_what_they_typed(director):
    write(director)
    response = write(director, "{{ site }}: soon, {{ when }}")
    assert faults(response) == ["Somebody saved other words while you were writing. Yours are kept below."]
    assert response.context["form"]["text"].value() == "{{ site }}: soon, {{ when }}"


def test_looking_first_saves_nothing_and_keeps_what_was_typed(director):
    response = director.post(url(name="wording_preview"), {"text": "{{ site }}: soon {{ when }}", "based_on": "0"})
    assert response.context["look"].readings == ("Northgate Care: soon Tue 3 Mar 11:30",)
    assert response.context["form"]["text"].value() == "{{ site }}: soon {{ when }}"
    assert not Wording.objects.exists()


def test_of_words_far_too_long_only_the_beginning_is_looked_at(director):
    """A browser holds at the limit; who does not use one must not keep the server busy."""
    looked = director.post(url(name="wording_preview"), {"text": "word " * 2000})
    saved = write(director, "word " * 2000)
    assert (looked.context["look"].units, saved.context["look"].units, saved.status_code) == (1001, 1001, 422)


def test_what_the_words_it_comes_with_say_and_these_do_not_is_told(director):
    def left_out(which, **fields) -> list[str]:
        return director.post(url(which, "wording_preview"), {"subject": "Hello", **fields}).context["left_out"]

    invitation = ["helper_invitation", "sms", "en"]
    assert left_out(invitation, text="{{ site }}: help {{ name }}? {% if is_ride %}Lift{% endif %}") == [
        "the link to the person's own page",
        "how to stop these texts; nothing in an e-mail",
    ]
    by_mail = ["helper_invitation", "email", "en"]
    assert left_out(by_mail, text="{{ site }}: help {{ name }}? {% if is_ride %}Lift{% endif %} {{ link }}") == []
    assert left_out(invitation, text="{{ nobody }}") == []


def test_what_staff_say_on_the_phone_can_be_read_in_the_same_language(director):
    script = director.get(url(["helper_reconfirm", "sms", "es"])).context["script"]
    assert "Maya" in script
    assert "{{" not in script
    assert director.get(url(["reply_help", "sms", "en"])).context["script"] == ""


def test_every_script_can_be_read_with_the_names_its_message_has(director):
    for name in wording_about.ABOUT:
        for language in ("en", "es"):
            assert director.get(url([name, "sms", language])).status_code == 200


def test_htmx_gets_the_look_alone(director):
    response = director.post(url(name="wording_preview"), {"text": "{{ nobody }}"}, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "“nobody” cannot be used in this message." in html
    assert "<form" not in html


def test_a_name_typed_as_markup_stays_text(director):
    response = director.post(
        url(name="wording_preview"), {"text": "<script>alert(1)</script>"}, headers={"HX-Request": "true"}
    )
    assert "<script>" not in response.content.decode()


def test_older_words_can_be_used_again(director):
    write(director)
    write(director, "{{ site }}: soon, {{ when }}", based_on=1)
    assert director.post(url(None, "wording_restore", 1), {"based_on": 2}).status_code == 302
    assert list(Wording.objects.order_by("version").values_list("text", flat=True))[-1] == WORDS
    assert Wording.objects.count() == 3
    assert director.post(url(None, "wording_restore", 9), {"based_on": 3}).status_code == 404


def test_older_words_that_may_not_be_said_any_more_stay_old(director, site):
    write(director, "{{ site }}: our lounge, {{ when }}")
    write(director, based_on=1)
    site.never_say = ["lounge"]
    site.save()
    page = director.post(url(None, "wording_restore", 1), {"based_on": 2}, follow=True)
    assert "It holds a word that must not be seen on a screen: “lounge”." in page.content.decode()
    assert Wording.objects.get(retired_at=None).version == 2


def test_back_to_the_words_it_comes_with(director):
    write(director)
    assert director.post(url(None, "wording_reset"), {"based_on": 1}).status_code == 302
    page = director.get(url()).context
    assert (page["used"].own, page["differences"], len(page["history"])) == (None, [], 1)
    assert AuditEntry.objects.filter(verb="wording.reset").count() == 1


def test_what_was_changed_is_shown_word_by_word(director):
    shipped = director.get(url()).context["shipped"].text
    write(director, shipped.replace("your visit is", "see you"))
    ((_part, pieces),) = director.get(url()).context["differences"]
    assert "".join(piece.text for piece in pieces if piece.how != "new") == shipped
    assert [piece.text for piece in pieces if piece.how == "new"] == ["see", "you"]


def test_another_clinics_words_are_its_own(director, now):
    there = SiteFactory()
    values = dict(zip(("kind", "channel", "language"), WHICH, strict=True))
    who = StaffFactory(sites=[there])
    Wording.objects.create(site=there, **values, version=1, text="Theirs", made_at=now, made_by=who)
    assert director.get(url()).context["used"].own is None


def test_the_page_says_which_helpers_read_neutral_words_to_whom_may_know_it(director, admin, site):
    DesignationFactory(patient=PatientFactory(site=site), may_know=["dates"])
    which = ["helper_ask_again", "sms", "en"]
    assert "Nobody now: every helper may know dates." in admin.get(url(which)).content.decode()
    kept = DesignationFactory(patient=PatientFactory(site=site), may_know=[])
    assert director.get(url(which)).context["helpers"] == [kept]
    seen = admin.get(url(which)).context
    assert (seen["withheld"], "helpers" in seen) == (1, False)
    assert "withheld" not in director.get(url(["helper_come_in", "sms", "en"])).context


def test_a_phone_shows_the_first_words_and_the_name_of_the_page(director, site, settings):
    screen = director.get(url()).context["look"].screen
    assert (screen.sender, screen.page_title) == (settings.SMS_FROM, "Your next visit")
    assert screen.words.startswith("Northgate Care: your visit is Tue 3 Mar 11:30.")
    spanish = Which(site=site, name="helper_ask_again", channel="sms", language="es")
    long = wording_look.look(which=spanish, subject="", text="{{ name }} " + "y " * 70).screen
    assert (len(long.words), long.is_cut, long.page_title) == (120, True, "")


def test_every_way_the_words_can_read_is_shown(director):
    readings = director.get(url(["helper_reconfirm", "sms", "en"])).context["look"].readings
    assert [reading.split("?")[0] for reading in readings] == [
        "Northgate Care: still ok to collect Maya Tue 3 Mar 11:30",
        "Northgate Care: still ok to help Maya Tue 3 Mar 11:30",
    ]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_words_are_never_refused_for_the_hour_at_which_they_are_looked_at(director, site, zone):
    site.timezone = zone
    site.save()
    assert director.get(url()).context["look"].fault == ""
