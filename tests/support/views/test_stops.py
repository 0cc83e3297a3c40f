import pytest
from django.urls import reverse

from messaging.domain import opt_outs
from messaging.models import OptOut
from tests.factories import DesignationFactory, PatientFactory


@pytest.fixture
def pages(site, policy):
    """What the desk has open: the contact page of a patient and of a helper, and where each says what was heard."""
    named = DesignationFactory(patient=PatientFactory(site=site, phone="+14105550199"))
    return {
        "patient": (named.patient, reverse("patient_contact", args=[named.patient_id]), "patient_stop"),
        "helper": (named.person, reverse("designation_contact", args=[named.pk]), "designation_stop"),
    }, named


@pytest.mark.parametrize("who", ["patient", "helper"])
def test_a_word_at_the_desk_stops_and_starts_texts(desk, pages, who):
    found, named = pages
    person, contact, stop = found[who]
    address = reverse(stop, args=[named.patient_id if who == "patient" else named.pk])
    assert "No more texts" in desk.get(contact).content.decode()
    response = desk.post(address, {"channel": "sms", "say": "stop"}, follow=True)
    assert response.redirect_chain == [(contact, 302)]
    assert "Wants texts again" in response.content.decode()
    assert opt_outs.holds(address=person.phone)
    assert OptOut.objects.get().recorded_by is not None
    desk.post(address, {"channel": "sms", "say": "start"})
    assert not opt_outs.holds(address=person.phone)


@pytest.mark.parametrize("said", [{}, {"say": "stop"}, {"say": "shout", "channel": "sms"}])
def test_nothing_is_written_down_that_was_not_said(desk, pages, said):
    _found, named = pages
    assert desk.post(reverse("designation_stop", args=[named.pk]), said).status_code == 422
    assert OptOut.objects.count() == 0


def test_a_shared_number_is_told_on_the_contact_page_and_on_the_patients(desk, site, pages):
    found, named = pages
    DesignationFactory(patient=named.patient, person__phone=named.person.phone, person__given_name="Zoe")
    for page in (found["helper"][1], reverse("patient", args=[named.patient_id])):
        assert "have the same number" in desk.get(page).content.decode()
