#!/usr/bin/env python3
"""The licences of everything that is inside the binary, as the file THIRD-PARTY: each text once, with those it is for.

Texts are those that the packages carry. Where a package leaves the choice, MIT is taken, as the shortest that all the
common choices have. Run it on Debian, which has the LGPL, after `make web`, which brings the sources of the page.

usage: .ci/notices.py > THIRD-PARTY
"""

import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import parts

NAMES = re.compile(r"(UN)?LICEN[CS]E|COPYING|COPYRIGHT|NOTICE", re.IGNORECASE)
RULE = "-" * 80

HEAD = """\
sftpbridge is under Apache-2.0 or MIT, at your choice (LICENSE-APACHE, LICENSE-MIT).
Its binary is linked from the packages below, and carries the page that is made of some of them. `.ci/notices.py` wrote
this file.
"""

# What the compiler links in, and no lock file names.
STANDARD_LIBRARY = "the standard library of Rust (MIT OR Apache-2.0)"
LIBC = """\
the GNU C Library (LGPL-2.1-or-later), in binaries that are linked statically

Whoever wants to use a changed GNU C Library with sftpbridge can link it anew: the whole source is public, and
docs/deployment/container.md says how it is built. The code of GCC that unwinds the stack is there too, by GCC's Runtime
Library Exception, which asks for nothing."""
LGPL = Path("/usr/share/common-licenses/LGPL-2.1")


def apache():
    return tidy((parts.ROOT / "LICENSE-APACHE").read_text())


def tidy(text):
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "\n".join(lines)


def same(text):
    """Equal for texts that differ in spaces and lines alone, and in how Apache-2.0 says that it may be applied."""
    squeezed = "".join(text.split())
    terms, end, advice = squeezed.partition("ENDOFTERMSANDCONDITIONS")
    return terms if end and (not advice or "[yyyy][nameofcopyrightowner]" in advice) else squeezed


def chosen(part):
    """The files with the licence that is taken. Those without " AND " are a choice."""
    files = sorted(file for file in part.folder.iterdir() if file.is_file() and NAMES.match(file.name))
    if " AND " not in part.license and "MIT" in re.split(r" OR |[()]", part.license):
        files = [file for file in files if "MIT" in file.name] or files
    return files


def texts(part):
    found = []
    for file in chosen(part):
        text = file.read_text(encoding="utf-8", errors="replace")
        if part.name == "vite":
            # The rest is for what vite's own package carries along, of which nothing is in a page.
            text = text.split("# Licenses of bundled dependencies")[0]
        found.append(tidy(text))
    if not found and "Apache-2.0" in part.license:
        found.append(apache())
    if not found:
        sys.exit(f"notices: {part.purl} ({part.license}) has no file with its licence: look for it in its repository")
    return found


def main():
    _, crates = parts.crates()
    by_text = {}

    def uses(text, user):
        users, _ = by_text.setdefault(same(text), ([], text))
        users.append(user)

    for part in [*crates, *parts.page()]:
        if not part.folder.is_dir():
            sys.exit(f"notices: there is no {part.folder}: run `make web` and `cargo fetch --locked` first")
        for text in texts(part):
            uses(text, f"{part.name} {part.version} ({part.license})")
    uses(apache(), STANDARD_LIBRARY)
    uses(tidy(LGPL.read_text()), LIBC)
    print(HEAD)
    for users, text in sorted(by_text.values()):
        print(RULE, *users, RULE, "", text, "", sep="\n")


if __name__ == "__main__":
    main()
