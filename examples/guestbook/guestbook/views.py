from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST
from ramekin.client import Field
from ramekin.errors import InvalidHeader, InvalidRecord, PreconditionFailed, RecordNotFound

from guestbook.entries import entries


class EntryForm(forms.Form):
    name = forms.CharField()
    text = forms.CharField(widget=forms.Textarea)


class ChangeForm(EntryForm):
    tag = forms.CharField(widget=forms.HiddenInput)
    """What the entry was when it was shown."""


def index(request: HttpRequest) -> HttpResponse:
    sought = request.GET.get("q", "")
    conditions = [Field("text").icontains(sought)] if sought else []
    found = entries().find(*conditions, sort="-at", limit=20)
    return render(request, "guestbook/index.html", {"entries": list(found), "sought": sought, "form": EntryForm()})


@require_POST
def sign(request: HttpRequest) -> HttpResponse:
    form = EntryForm(request.POST)
    if form.is_valid():
        try:
            entries().create({name: form.cleaned_data[name] for name in ("name", "text")})
        except InvalidRecord as error:
            _tell(form, error)
        else:
            return redirect("index")
    return render(request, "guestbook/entry.html", {"form": form}, status=422)


def mend(request: HttpRequest, id: str) -> HttpResponse:
    try:
        entry, tag = entries().tagged(id)
    except RecordNotFound:
        raise Http404 from None
    form = ChangeForm(request.POST or {"name": entry.name, "text": entry.text, "tag": tag})
    if request.method != "POST":
        return render(request, "guestbook/entry.html", {"form": form})
    if not form.is_valid():
        return render(request, "guestbook/entry.html", {"form": form}, status=422)
    changes = {name: form.cleaned_data[name] for name in ("name", "text")}
    try:
        entries().patch(id, changes, if_match=form.cleaned_data["tag"])
    except (PreconditionFailed, InvalidHeader):
        form.add_error(None, "Somebody has changed this entry meanwhile.")
        return render(request, "guestbook/entry.html", {"form": form}, status=409)
    except InvalidRecord as error:
        _tell(form, error)
        return render(request, "guestbook/entry.html", {"form": form}, status=422)
    return redirect("index")


@require_POST
def take_away(request: HttpRequest, id: str) -> HttpResponse:
    try:
        entries().delete(id)
    except RecordNotFound:
        raise Http404 from None
    return redirect("index")


def _tell(form: EntryForm, error: InvalidRecord) -> None:
    """Have the form say what the server says of each field."""
    for fault in error.faults:
        name = fault.pointer.removeprefix("/")
        form.add_error(name if name in form.fields else None, fault.detail)
