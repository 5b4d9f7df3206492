from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend
from django.urls import NoReverseMatch, reverse

from config import demo_mails
from config.demo_mails import read_mails


@pytest.mark.django_db
def test_demo_page_shows_written_mails_with_their_links(tmp_path, settings, rf, nadia, as_nadia):
    settings.EMAIL_FILE_PATH = str(tmp_path)
    for n in (1, 2):
        backend = EmailBackend(file_path=str(tmp_path))
        body = f"Waiting for an answer: {n} critical alerts.\n\nhttp://127.0.0.1:8000/triage/\n"
        EmailMessage(f"Ünread {n}", body, to=["nadia@demo.example"], connection=backend).send()
    request = rf.get("/demo/mails/")
    request.user, request.session = nadia, as_nadia.session

    shown = demo_mails.demo_mails(request).content.decode()

    assert {mail.subject for mail in read_mails(tmp_path)} == {"Ünread 1", "Ünread 2"}
    assert shown.count("nadia@demo.example") == 2
    assert '<a href="http://127.0.0.1:8000/triage/"' in shown


def test_demo_page_without_mails_says_so(tmp_path):
    assert read_mails(Path(tmp_path)) == []


def test_demo_page_exists_in_the_demonstration_only():
    with pytest.raises(NoReverseMatch):
        reverse("demo_mails")
