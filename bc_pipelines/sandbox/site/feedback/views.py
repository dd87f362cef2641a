"""Takes in the two forms at the foot of every page."""

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bc_pipelines.sandbox.site.feedback.models import FeedbackComment, UsefulnessFeedback


class FeedbackCommentForm(forms.ModelForm):
    class Meta:
        model = FeedbackComment
        fields = ["page", "original_url", "action", "issue"]


class UsefulnessFeedbackForm(forms.ModelForm):
    useful = forms.TypedChoiceField(choices=[("yes", "Yes"), ("no", "No")], coerce=lambda value: value == "yes")

    class Meta:
        model = UsefulnessFeedback
        fields = ["page", "original_url", "useful"]


# A page that a cache keeps cannot hold a token for one visitor.
@csrf_exempt
@require_POST
def comment(request):
    """Stores what went wrong on a page."""
    return _store(request, FeedbackCommentForm(request.POST))


# A page that a cache keeps cannot hold a token for one visitor.
@csrf_exempt
@require_POST
def usefulness(request):
    """Stores whether a page was useful."""
    return _store(request, UsefulnessFeedbackForm(request.POST))


def _store(request, form):
    if not form.is_valid():
        return render(request, "pages/feedback.html", {"feedback": form}, status=400)
    form.save()
    back = form.cleaned_data["original_url"]
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    return HttpResponseRedirect(back)
