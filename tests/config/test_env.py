"""How values reach the product: as they were written, from the environment or from a file."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import env


def test_env_str_preserves_dollar_signs(monkeypatch):
    for secret in ("$2b$10$abc", r"a\$b", "$", "a$b"):
        monkeypatch.setenv("OPS_TOKEN", secret)

        assert env.str("OPS_TOKEN") == secret


def test_env_list_strips_spaces_after_commas(monkeypatch):
    monkeypatch.setenv("TENOVI_WEBHOOK_SECRETS", "Bearer new, Bearer old ,")

    assert env.list("TENOVI_WEBHOOK_SECRETS", default=[]) == ["Bearer new", "Bearer old"]


def test_env_list_missing_returns_default(monkeypatch):
    monkeypatch.delenv("TRACKING_HOSTS", raising=False)

    assert env.list("TRACKING_HOSTS", default=["fedex.com"]) == ["fedex.com"]


@pytest.mark.parametrize("beside", [None, ""])
def test_env_reads_value_from_file_if_variable_is_missing_or_empty(monkeypatch, tmp_path, beside):
    (tmp_path / "token").write_text("$from-a-file\n")
    monkeypatch.setenv("OPS_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.delenv("OPS_TOKEN", raising=False)
    if beside is not None:
        monkeypatch.setenv("OPS_TOKEN", beside)

    assert env.str("OPS_TOKEN") == "$from-a-file"


def test_env_prefers_value_over_file(monkeypatch, tmp_path):
    monkeypatch.setenv("OPS_TOKEN_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("OPS_TOKEN", "said here")

    assert env.str("OPS_TOKEN") == "said here"


def test_env_db_url_preserves_dollar_in_password(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://vitals:pa$s%2Fword@db.example:5432/vitals")

    assert env.db_url("DATABASE_URL")["PASSWORD"] == "pa$s/word"


def test_env_missing_variable_is_named_in_error(monkeypatch):
    monkeypatch.delenv("OPS_TOKEN", raising=False)

    with pytest.raises(ImproperlyConfigured, match="OPS_TOKEN"):
        env.str("OPS_TOKEN")
