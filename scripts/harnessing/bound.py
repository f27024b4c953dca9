"""`bound.py PARENT USER COMMAND...`: become a command that does not outlive its parent.

The kernel ends the process (SIGKILL) when the thread that started it is gone, whatever became of
that one. Started by its path under `python -I -S`, so that it costs next to nothing.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(words: list[str]) -> None:
    """Bind, then become the command."""
    parent, user, command = int(words[0]), words[1], words[2:]
    if user:
        _become(user)
    # After the change of user, which the kernel takes for a reason to forget it.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        # It went before this one was bound to it.
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the keeper's own commands


def _become(user: str) -> None:
    import pwd  # noqa: PLC0415 - most commands stay who they are

    found = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)


if __name__ == "__main__":
    main(sys.argv[1:])
