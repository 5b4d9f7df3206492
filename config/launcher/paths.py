"""Paths of state, sockets and binaries: private folders, in the clone where the rights of the path allow it."""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from config.launcher.errors import LauncherError

ROOT = Path(__file__).resolve().parents[2]
SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107


@dataclass(frozen=True)
class DatabaseOwner:
    """The user that PostgreSQL runs as: it refuses to run as root."""

    uid: int
    gid: int


def database_owner() -> DatabaseOwner | None:
    """An unprivileged user when run by root, else None: the current user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return DatabaseOwner(entry.pw_uid, entry.pw_gid)
    raise LauncherError(
        "PostgreSQL does not run as root, and there is no user postgres or nobody: work as an ordinary user."
    )


def state_folder_of(name: str) -> Path:
    """`.demo`, `.run` or `.test` in the clone; git ignores them."""
    return create_private_folder(ROOT / f".{name}")


def create_private_folder(path: Path) -> Path:
    """A folder that no other user may list or write. Root's can be traversed: PostgreSQL runs as another user."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise LauncherError(f"{path} is not a folder of this user: remove it, or work as its owner.")
    path.chmod(mode)
    return path


def create_database_folder(path: Path, owner: DatabaseOwner | None) -> Path:
    """A folder owned by the database owner and closed to all others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_symlink():
        raise LauncherError(f"{path} is a link: remove it.")
    if owner:
        os.chown(path, owner.uid, owner.gid)
    path.chmod(0o700)
    return path


def socket_folder(state_folder: Path) -> Path:
    """A short folder, because socket paths are limited; in /tmp, because $XDG_RUNTIME_DIR is removed at log-out."""
    folder = Path(f"/tmp/vitals-{os.geteuid()}-{path_fingerprint(state_folder)}")  # noqa: S108  owner is checked
    if len(os.fsencode(folder / "pg" / ".s.PGSQL.5432.lock")) > SOCKET_PATH_BYTES:
        raise LauncherError(f"The path of the sockets is too long for this system: {folder}.")
    return folder


def database_parent_folder(folder: Path, owner: DatabaseOwner | None) -> Path:
    """`folder`; or one in /var/tmp when it is below one (like /root) that the database owner can't traverse."""
    if owner is None or all(above.stat().st_mode & stat.S_IXOTH for above in folder.parents):
        return folder
    return create_private_folder(fallback_folder(folder))


def remove_state(state_folder: Path) -> None:
    """Delete the state and its folders elsewhere. Its servers must have stopped."""
    for folder in (state_folder, fallback_folder(state_folder), socket_folder(state_folder)):
        with contextlib.suppress(FileNotFoundError):  # another run may be deleting it at the same time
            shutil.rmtree(folder)


def fallback_folder(state_folder: Path) -> Path:
    return Path(f"/var/tmp/vitals-{os.geteuid()}-{path_fingerprint(state_folder)}")  # noqa: S108  owner is checked


def path_fingerprint(path: Path) -> str:
    """Ten hex digits: distinct for each clone, and stable."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:10]
