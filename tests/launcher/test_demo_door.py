"""The demo's people have no phones, so its door is the password; everywhere else the second step stays required."""

from config.launcher import demo, demo_secrets, run, stack


def test_the_demo_says_that_it_asks_for_no_second_step_and_has_keys_for_who_sets_one_up(tmp_path):
    plan = demo.planned(tmp_path, host="127.0.0.1", port=8000)

    assert plan.env["MFA_REQUIRED"] == "0"
    assert len(plan.env["MFA_ENCRYPTION_KEYS"]) == 44


def test_a_demo_from_before_gets_its_keys_once_and_keeps_them(tmp_path):
    demo_secrets.write(tmp_path / "secrets.env", {"SECRET_KEY": "from before"})
    first, second = (demo.planned(tmp_path, host="127.0.0.1", port=8000).env for _ in range(2))

    assert first["SECRET_KEY"] == "from before"
    assert first["MFA_ENCRYPTION_KEYS"] == second["MFA_ENCRYPTION_KEYS"]


def test_production_is_told_to_set_keys_and_nothing_switches_the_second_step_off(tmp_path):
    assert "MFA_ENCRYPTION_KEYS" in run.REQUIRED
    assert "MFA_REQUIRED" not in {**run.QUICK, **stack.fixed(stack.Plan(state=tmp_path, env={}, port=1))}
