"""Create or update .venv from requirements*.txt, then run config.launcher in it.

Run by path with any Python 3: only the standard library, and syntax that old versions can parse up to the refusal.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

MIN_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP_FILE = os.path.join(VENV, "made-from")
REQUIREMENT_FILES = ("requirements-uv.txt", "requirements.txt", "requirements-dev.txt")
NEEDED_BYTES = 1500 * 1000 * 1000
WHEEL_PLATFORMS = "Wheels exist for Linux and macOS on x86_64 and arm64, Python 3.11 to 3.14"
INSTALL_ERROR_HINTS = (  # text printed by an installer: its meaning
    ("No space left on device", "The disk is full: free 1.5 GB and run it again."),
    (
        "THESE PACKAGES DO NOT MATCH THE HASHES",
        "A download is not what was locked: try again, or ask the owner of the package index.",
    ),
    ("No matching distribution", WHEEL_PLATFORMS + ": this platform has none for the package named above."),
    ("", "The packages can't be fetched: check the network, or set PIP_INDEX_URL to your mirror, and run it again."),
)


class BootstrapError(Exception):
    pass


def main() -> None:
    refuse_old_python()
    os.chdir(ROOT)
    with open(os.path.join(ROOT, ".bootstrap.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if read_text_file(STAMP_FILE) != requirements_stamp():
            install_requirements()
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    os.execve(VENV_PYTHON, [VENV_PYTHON, "-m", "config.launcher"] + sys.argv[1:], environment)


def refuse_old_python() -> None:
    if sys.version_info < MIN_PYTHON:
        have = "%d.%d" % sys.version_info[:2]
        raise BootstrapError(
            "Python 3.11 or newer is needed, this is %s: run `make PYTHON=python3.12 demo`, say." % have
        )


def install_requirements() -> None:
    print_line("Setting up .venv (needed once, a minute or two)")
    if shutil.disk_usage(ROOT).free < NEEDED_BYTES:
        raise BootstrapError("Too little space: 1.5 GB are needed in %s." % ROOT)
    if os.path.islink(VENV):  # of another checkout, which installing would change or empty
        raise BootstrapError(
            ".venv is a link to %s, and packages are missing there: run make in that folder, or delete the link."
            % os.path.realpath(VENV)
        )
    if not is_venv_usable():
        try:
            import ensurepip
            import venv
        except ImportError:
            raise BootstrapError(
                "This Python can't make virtual environments: on Debian and Ubuntu, apt install python3-venv."
            )
        del ensurepip, venv
        run_command([sys.executable, "-m", "venv", "--clear", VENV])
    run_command([VENV_PYTHON, "-m", "pip", "install"] + PIP_OPTIONS + ["-r", REQUIREMENT_FILES[0]])
    if not sync_with_uv():
        print_line("uv could not install them, pip tries (slower)")
        run_command(
            [VENV_PYTHON, "-m", "pip", "install"]
            + PIP_OPTIONS
            + ["-r", REQUIREMENT_FILES[1], "-r", REQUIREMENT_FILES[2]]
        )
    with open(STAMP_FILE, "w") as file:
        file.write(requirements_stamp())


PIP_OPTIONS = ["-q", "--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary", ":all:"]


def sync_with_uv() -> bool:
    """Install exactly the two sets. `uv` ignores pip's settings, so the index is passed on."""
    environment = dict(os.environ)
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    if not os.access(os.path.expanduser("~"), os.W_OK):
        environment.setdefault("UV_NO_CACHE", "1")
    words = ["-q", "--python", VENV_PYTHON, "--require-hashes", "--only-binary", ":all:"]
    command = [VENV_PYTHON, "-m", "uv", "pip", "sync"] + words + list(REQUIREMENT_FILES[1:])
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
    return done.returncode == 0


def is_venv_usable() -> bool:
    """Whether .venv is of this Python in this folder; one without a stamp is used if its version is the same."""
    if not os.path.exists(VENV_PYTHON):
        return False
    first = read_text_file(STAMP_FILE).partition("\n")[0]
    if first and first != interpreter_identity():
        return False
    command = [VENV_PYTHON, "-c", "import sys, pip; print(sys.version)"]
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == sys.version.strip()


def run_command(command: list) -> None:
    done = subprocess.run(command, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise BootstrapError(next(hint for words, hint in INSTALL_ERROR_HINTS if words in done.stderr))


def requirements_stamp() -> str:
    """Fingerprint of .venv: the interpreter, the folder, and the bytes of the locked sets."""
    hashes = [hashlib.sha256(read_requirement_file(name)).hexdigest() for name in REQUIREMENT_FILES]
    return "\n".join([interpreter_identity()] + hashes)


def interpreter_identity() -> str:
    """With the folder that .venv is in, which is another one where it is a link."""
    folder = os.path.dirname(os.path.realpath(VENV)) if os.path.islink(VENV) else ROOT
    return "%s %s %s" % (sys.version.replace("\n", " "), os.path.realpath(sys.executable), folder)


def read_requirement_file(name: str) -> bytes:
    with open(os.path.join(ROOT, name), "rb") as file:
        return file.read()


def read_text_file(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read()


def print_line(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (BootstrapError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
