"""Processes of this machine: who listens on a port, what runs under a number, how a group is ended."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HOST = "127.0.0.1"
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_ENDED = ("Z", "X")  # states of processes that have ended and are still listed
_GRACE = 5.0  # seconds to end in before a group is killed


def free_port() -> int:
    """A port nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        # As servers do, so that a connection still closing down does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
        return False


def listener(port: int) -> tuple[int, str] | None:
    """The number and command of the process that listens on the port, if this user may know."""
    pid = _listener_from_proc(port) or _listener_from_lsof(port)
    return (pid, command(pid)) if pid else None


def command(pid: int) -> str:
    """The command line of a process; empty if there is no such process, or only what is left of it."""
    shown = subprocess.run(["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True)
    status, _, line = shown.stdout.strip().partition(" ")
    return "" if status.startswith(_ENDED) else line.strip()


def end_group(pid: int) -> None:
    """End a process that leads its own group, and everything it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while _group_lives(pid):
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(0.05)


def end_with_parent() -> None:
    """Have the system end this process when its parent ends, however that happens. Linux only; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _group_lives(group: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(group, os.WNOHANG)
    # Ended processes whose parent is gone may stay listed for ever; they are not alive.
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True).stdout
    members = (line.split() for line in listed.splitlines())
    return any(fields[0] == str(group) and not fields[1].startswith(_ENDED) for fields in members if len(fields) == 2)


def _listener_from_proc(port: int) -> int | None:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: listening
                    inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return None
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(link.readlink()) in inodes:
                return int(link.parts[2])
    return None


def _listener_from_lsof(port: int) -> int | None:
    if not shutil.which("lsof"):
        return None
    shown = subprocess.run(
        ["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"], capture_output=True, text=True
    ).stdout.split()
    return int(shown[0]) if shown else None
