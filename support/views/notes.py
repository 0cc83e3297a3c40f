"""Notes on the day's board: written at one desk, done at the next."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.access import DESK_AND_CARE
from clinic.domain import notes
from clinic.domain.errors import Refused
from clinic.models import DeskNote
from clinic.views.desk import at_site
from support.forms.notes import NoteForm
from support.views.desk import back


@at_site(*DESK_AND_CARE)
@require_POST
def note_add(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST, site=request.site)
    try:
        if not form.is_valid():
            raise Refused(*(str(error) for errors in form.errors.values() for error in errors))
        notes.write(site=request.site, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        said.error(request, str(refused))
    return back(request, "today")


@at_site(*DESK_AND_CARE)
@require_POST
def note_done(request: HttpRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(DeskNote, pk=pk, site=request.site)
    done = notes.done(note=note, actor=request.user, now=timezone.now())
    if done.done_by != request.user:
        said.info(request, _("%(name)s has done this already.") % {"name": done.done_by.short_name})
    return back(request, "today")
