"""MFA of the demo: not required, because its staff is invented; always required by `make run`."""

from config.launcher import demo, demo_secrets, run, stack


def test_demo_does_not_require_mfa_and_has_encryption_keys(tmp_path):
    plan = demo.build_demo_config(tmp_path, host="127.0.0.1", port=8000)

    assert plan.env["MFA_REQUIRED"] == "0"
    assert len(plan.env["MFA_ENCRYPTION_KEYS"]) == 44


def test_demo_secrets_add_missing_mfa_keys_once(tmp_path):
    demo_secrets.write_secrets(tmp_path / "secrets.env", {"SECRET_KEY": "from before"})
    first, second = (demo.build_demo_config(tmp_path, host="127.0.0.1", port=8000).env for _ in range(2))

    assert first["SECRET_KEY"] == "from before"
    assert first["MFA_ENCRYPTION_KEYS"] == second["MFA_ENCRYPTION_KEYS"]


def test_run_requires_mfa_keys_and_never_disables_mfa(tmp_path):
    assert "MFA_ENCRYPTION_KEYS" in run.REQUIRED_SETTINGS
    assert "MFA_REQUIRED" not in {
        **run.RUN_DEFAULTS,
        **stack.fixed_settings(stack.StackConfig(state=tmp_path, env={}, port=1)),
    }
