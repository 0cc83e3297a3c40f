"""A helper's or a patient's phone that opened the link in the text, as a test client."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.models import Patient
from support.domain import links
from support.models import Designation, Link


@dataclass
class Phone:
    """``tap`` presses a button and gives the page that follows."""

    client: Client
    link: Link

    @property
    def key(self) -> str:
        return self.link.id

    def look(self, name: str = "link", *arguments: object) -> str:
        return self.client.get(reverse(name, args=[self.key, *arguments])).content.decode()

    def post(self, name: str, *arguments: object, **fields: object) -> HttpResponse:
        return self.client.post(reverse(name, args=[self.key, *arguments]), fields)

    def tap(self, name: str, *arguments: object, **fields: object) -> str:
        answer = self.client.post(reverse(name, args=[self.key, *arguments]), fields, follow=True)
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()


def of_helper(designation: Designation, *, now: datetime, theirs: bool = True) -> Phone:
    """``theirs``: they said on this phone that the link is for them."""
    phone = opened(links.for_designation(designation=designation, now=now))
    if theirs:
        phone.post("link_whose", me="yes")
    return phone


def of_patient(patient: Patient, *, now: datetime) -> Phone:
    return opened(links.for_patient(patient=patient, now=now))


def opened(link: Link) -> Phone:
    client = Client()
    client.get(f"/l/{links.token(link)}/")
    return Phone(client, link)
