"""Finding a helper by name: accents and small slips forgiven, as with patients."""

from django.db.models import Func, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from clinic.domain.contacts import plain_text
from clinic.models import Site
from support.models import Designation

MOST = 20


def search(*, site: Site, query: str) -> list[Designation]:
    """By whom patients of this site name, the newest first, with the person. Nobody for no words. One query."""
    words = plain_text(text=query).split()
    if not words:
        return []
    name = Concat("person__given_name", Value(" "), "person__family_name", output_field=TextField())
    named = Designation.objects.filter(patient__site=site).annotate(folded=_folded(name)).select_related("person")
    for word in words:
        named = named.filter(
            Q(folded__contains=_folded(Value(word))) | Q(folded__trigram_word_similar=_folded(Value(word)))
        )
    return list(named.order_by("-pk")[:MOST])


def _folded(text: Combinable | Value) -> Func:
    return Func(text, function="homeward_fold", output_field=TextField())
