"""Rows written by hand are the rows Django would have written."""

import pytest

from clinic.domain import rows
from clinic.models import Infusion, Protocol
from tests.factories import InfusionFactory, ProtocolFactory

pytestmark = pytest.mark.django_db


def test_a_row_written_by_hand_is_the_row_django_would_have_written():
    saved = InfusionFactory()
    columns = [field.attname for field in Infusion._meta.concrete_fields if not field.primary_key]
    by_django = Infusion.objects.values(*columns).get(pk=saved.pk)
    again = InfusionFactory.build(**{name: getattr(saved, name) for name in ("site", "course", "patient", "room")})
    for field in Infusion._meta.concrete_fields:
        if not field.generated:
            setattr(again, field.attname, getattr(saved, field.attname))
    again.pk = None
    saved.delete()
    written = rows.insert(again)
    assert written.pk
    assert not written._state.adding
    assert Infusion.objects.values(*columns).get(pk=written.pk) == by_django


def test_a_model_with_other_fields_is_refused():
    with pytest.raises(TypeError, match="Protocol cannot be written as it is"):
        rows.insert(ProtocolFactory.build())
    assert not Protocol.objects.exists()
