"""How values reach the product: as they were written, from the environment or from a file."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import env


def test_a_secret_may_begin_with_a_dollar_and_hold_more_of_them(monkeypatch):
    for secret in ("$2b$10$abc", r"a\$b", "$", "a$b"):
        monkeypatch.setenv("OPS_TOKEN", secret)

        assert env.str("OPS_TOKEN") == secret


def test_two_secrets_may_stand_with_a_space_after_the_comma(monkeypatch):
    monkeypatch.setenv("TENOVI_WEBHOOK_SECRETS", "Bearer new, Bearer old ,")

    assert env.list("TENOVI_WEBHOOK_SECRETS", default=[]) == ["Bearer new", "Bearer old"]


def test_a_list_that_nobody_named_is_its_default(monkeypatch):
    monkeypatch.delenv("TRACKING_HOSTS", raising=False)

    assert env.list("TRACKING_HOSTS", default=["fedex.com"]) == ["fedex.com"]


@pytest.mark.parametrize("beside", [None, ""])
def test_a_file_stands_in_for_a_name_that_is_missing_or_empty(monkeypatch, tmp_path, beside):
    (tmp_path / "token").write_text("$from-a-file\n")
    monkeypatch.setenv("OPS_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.delenv("OPS_TOKEN", raising=False)
    if beside is not None:
        monkeypatch.setenv("OPS_TOKEN", beside)

    assert env.str("OPS_TOKEN") == "$from-a-file"


def test_a_value_beside_a_file_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("OPS_TOKEN_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("OPS_TOKEN", "said here")

    assert env.str("OPS_TOKEN") == "said here"


def test_the_password_of_a_database_may_hold_a_dollar(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://vitals:pa$s%2Fword@db.example:5432/vitals")

    assert env.db_url("DATABASE_URL")["PASSWORD"] == "pa$s/word"


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.delenv("OPS_TOKEN", raising=False)

    with pytest.raises(ImproperlyConfigured, match="OPS_TOKEN"):
        env.str("OPS_TOKEN")
