"""The mails in a mailbox: a Maildir, an mbox file, a folder of .eml files, a mail in a file or from a pipe."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from channels.incoming import LARGEST_MAIL

#: One more than a reader takes, so that it sees that there is more.
_ENOUGH = LARGEST_MAIL + 1


def mails(source: Path | BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Each mail as it is, with a handle for `mark_read`. FileNotFoundError where there is no mailbox.

    Of a Maildir those that nobody has marked as seen. Anything else gives all its mails every time, and what they say
    has the same ids every time.
    """
    if not isinstance(source, Path):
        yield from _in_stream(source)
    elif _is_maildir(source):
        yield from _in_maildir(source)
    elif source.is_dir():
        for path in sorted(source.glob("*.eml")):
            yield path.name, _content(path)
    else:
        with source.open("rb") as stream:
            yield from _in_stream(stream)


def mark_read(source: Path | BinaryIO, handle: str) -> None:
    """Say that the mail of `handle` has been dealt with. A Maildir marks it as seen, anything else stays as it is."""
    if not isinstance(source, Path) or not _is_maildir(source):
        return
    name, _, flags = Path(handle).name.partition(":2,")
    seen = "".join(sorted({*flags, "S"}))
    # Another reader of the same Maildir may have been quicker.
    with suppress(FileNotFoundError):
        (source / handle).rename(source / "cur" / f"{name}:2,{seen}")


def _is_maildir(path: Path) -> bool:
    return (path / "new").is_dir() and (path / "cur").is_dir()


def _in_maildir(path: Path) -> Iterator[tuple[str, bytes]]:
    for folder in ("cur", "new"):
        for file in sorted((path / folder).iterdir()):
            if file.name.startswith(".") or "S" in file.name.partition(":2,")[2]:
                continue
            try:
                content = _content(file)
            except FileNotFoundError:
                continue  # another reader was quicker
            yield f"{folder}/{file.name}", content


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_ENOUGH)


def _in_stream(stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """An mbox, where each mail begins with a line "From ..." after an empty one; or one mail, if the first does not."""
    mail = bytearray()
    number = 0
    is_mbox = False
    at_start = after_empty = True
    while line := stream.readline(64 * 1024):
        if not number:
            number, is_mbox = 1, line.startswith(b"From ")
            line = b"" if is_mbox else line
        elif is_mbox and at_start and after_empty and line.startswith(b"From "):
            yield str(number), bytes(mail)
            number, line = number + 1, b""
            mail.clear()
        elif is_mbox and at_start and line.startswith(b">"):
            line = re.sub(rb"^>(>*From )", rb"\1", line)
        mail += line[: max(0, _ENOUGH - len(mail))]
        after_empty = at_start and line in (b"\n", b"\r\n")
        at_start = line.endswith(b"\n") or not line
    if mail:
        yield str(number), bytes(mail)
