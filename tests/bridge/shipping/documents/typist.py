#!/usr/bin/env python3
"""Runs a command at a terminal of its own, and types what a person would: a password where one is asked for, and the
end of a session where a prompt waits for commands. What appears at the terminal is copied to standard output."""

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios

# What is asked at the end of what appeared so far, and what is typed.
ANSWERS = [
    (re.compile(rb"(pass(word|phrase)[^\n]*|again): ?$", re.IGNORECASE), b"...\n"),
    (re.compile(rb"sftp> $"), b"bye\n"),
    (re.compile(rb"lftp [^\n]*> $"), b"exit\n"),
]


class Typist:
    def __init__(self, terminal):
        self.terminal = terminal
        self.seen = b""

    def read(self, wait):
        """Copies what appears within this time, and answers it. False where nothing does."""
        if not select.select([self.terminal], [], [], wait)[0]:
            return False
        chunk = os.read(self.terminal, 65536)
        sys.stdout.buffer.write(chunk.replace(b"\r\n", b"\n"))
        sys.stdout.buffer.flush()
        self.seen = (self.seen + chunk)[-1000:]
        for question, answer in ANSWERS:
            if question.search(self.seen):
                os.write(self.terminal, answer)
                self.seen = b""
        return True


def main():
    # This process leads the session: if the command did, the terminal would end with it, and its last words be lost.
    os.setsid()
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    command = subprocess.Popen(sys.argv[1:], stdin=terminal, stdout=terminal, stderr=terminal)
    typist = Typist(master)
    while command.poll() is None:
        typist.read(0.05)
    # Its servers may go on writing: the rest of what it said itself is less than this.
    for _ in range(100):
        if not typist.read(0):
            break
    sys.exit(command.returncode % 256)


main()
