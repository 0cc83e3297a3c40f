"""The rules: what is signed, the next draft, the signature."""

from django.contrib import messages as said
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import EVERYBODY_AT_WORK, RULES, SET_UP
from clinic.domain import policies, policy_words
from clinic.domain.errors import Refused
from clinic.forms.policy import PolicyForm
from clinic.models import Policy
from clinic.views.desk import at_site, form_page


def _draft(request: HttpRequest) -> Policy | None:
    return Policy.objects.filter(site=request.site, signed_at=None).order_by("-version").first()


@at_site(*EVERYBODY_AT_WORK)
@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    current, draft = policies.current(site=request.site), _draft(request)
    context = {
        "current": current,
        "draft": draft,
        "edition": policies.edition(policy=draft) if draft else "",
        "groups": policy_words.described(policy=draft or current, before=current if draft else None),
        "may_sign": request.user.role in RULES,
        "may_edit": request.user.role in SET_UP,
        "earlier": Policy.objects.filter(site=request.site).exclude(signed_at=None).select_related("signed_by")[:10],
    }
    return render(request, "clinic/policy.html", context)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
@transaction.atomic
def policy_edit(request: HttpRequest) -> HttpResponse:
    """A draft changes nothing until it is signed, so GET makes none: it shows what the draft would begin with.

    The draft is held until it is saved, so that nobody signs it meanwhile.
    """
    known = _draft(request) or policies.current(site=request.site) or Policy(site=request.site)
    if request.method == "POST":
        known = policies.draft(site=request.site, now=timezone.now())
    form = PolicyForm(request.POST or None, instance=known)
    if form.is_valid():
        form.save()
        said.success(request, _("The draft is saved. It counts once the medical director has signed it."))
        return redirect("policy")
    return form_page(request, "clinic/policy_edit.html", form)


@at_site(*RULES)
@require_POST
def policy_sign(request: HttpRequest) -> HttpResponse:
    """Signs the very rules that were read."""
    draft = _draft(request)
    try:
        if draft is None:
            raise Refused(_("The draft has changed since you opened this page. Read it again."))
        policies.sign(policy=draft, actor=request.user, now=timezone.now(), as_read=request.POST.get("edition", ""))
    except Refused as refused:
        said.error(request, str(refused))
        return redirect("policy")
    said.success(request, _("Version %(version)s is signed and counts from now on.") % {"version": draft.version})
    return redirect("policy")
