import io
from pathlib import Path

import pytest

from channels.bounces import read
from channels.incoming import LARGEST_MAIL
from channels.mailbox import mails, mark_read
from tests.channels.mails import NAMES, a_raw

ONE, TWO = b"From: a@b.example\n\none\n", b"From: a@b.example\n\ntwo\n"
ENVELOPE = b"From a@b.example Mon Mar  2 08:00:00 2026\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "2.host").write_bytes(TWO)
    (tmp_path / "new" / "1.host").write_bytes(ONE)
    (tmp_path / "tmp" / "3.host").write_bytes(b"half a m")
    (tmp_path / "cur" / "0.host:2,RS").write_bytes(b"seen")
    return tmp_path


def test_a_maildir_gives_what_is_new_in_its_order(maildir: Path) -> None:
    assert list(mails(maildir)) == [("new/1.host", ONE), ("new/2.host", TWO)]


def test_what_was_read_is_seen_and_does_not_come_again(maildir: Path) -> None:
    mark_read(maildir, "new/1.host")

    assert list(mails(maildir)) == [("new/2.host", TWO)]
    assert (maildir / "cur" / "1.host:2,S").read_bytes() == ONE


def test_a_mail_may_be_marked_while_the_next_are_still_to_come(maildir: Path) -> None:
    for handle, _ in mails(maildir):
        mark_read(maildir, handle)

    assert not list(mails(maildir))
    assert len(list((maildir / "cur").iterdir())) == 3


def test_what_another_program_has_looked_at_and_not_seen_is_read(maildir: Path) -> None:
    (maildir / "new" / "1.host").rename(maildir / "cur" / "1.host:2,F")

    assert ("cur/1.host:2,F", ONE) in list(mails(maildir))
    mark_read(maildir, "cur/1.host:2,F")
    assert (maildir / "cur" / "1.host:2,FS").exists()


def test_two_readers_do_not_stumble_over_each_other(maildir: Path) -> None:
    reading = mails(maildir)
    handle, _ = next(reading)
    (maildir / "new" / "1.host").unlink()
    (maildir / "new" / "2.host").unlink()

    mark_read(maildir, handle)

    assert not list(reading)


def test_a_folder_gives_its_eml_files_and_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(TWO)
    (tmp_path / "a.eml").write_bytes(ONE)
    (tmp_path / "notes.txt").write_bytes(b"no mail")

    for handle, _ in mails(tmp_path):
        mark_read(tmp_path, handle)

    assert list(mails(tmp_path)) == [("a.eml", ONE), ("b.eml", TWO)]


@pytest.mark.parametrize(
    ("content", "given"),
    [
        (b"", []),
        (ONE, [ONE]),
        (ENVELOPE + ONE, [ONE]),
        (ENVELOPE + ONE + b"\n" + ENVELOPE + TWO, [ONE + b"\n", TWO]),
        (ENVELOPE + ONE + b"From here on\n", [ONE + b"From here on\n"]),
        (ENVELOPE + ONE + b"\n>From here on\n>>From there\n", [ONE + b"\nFrom here on\n>From there\n"]),
        (ENVELOPE.replace(b"\n", b"\r\n") + b"A: b\r\n\r\n\r\n" + ENVELOPE + TWO, [b"A: b\r\n\r\n\r\n", TWO]),
        (ONE + b"\nFrom now on\n>From\n", [ONE + b"\nFrom now on\n>From\n"]),
        (ENVELOPE + b"A: " + b"x" * 65_533 + b">From me\n", [b"A: " + b"x" * 65_533 + b">From me\n"]),
    ],
)
def test_an_mbox_gives_each_of_its_mails_and_a_single_mail_itself(
    tmp_path: Path, content: bytes, given: list[bytes]
) -> None:
    (tmp_path / "mbox").write_bytes(content)

    numbered = [(str(number), mail) for number, mail in enumerate(given, start=1)]
    assert list(mails(tmp_path / "mbox")) == numbered
    assert list(mails(io.BytesIO(content))) == numbered


def test_marking_leaves_an_mbox_and_a_pipe_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "mbox").write_bytes(ENVELOPE + ONE)

    mark_read(tmp_path / "mbox", "1")
    mark_read(io.BytesIO(ONE), "1")

    assert list(mails(tmp_path / "mbox")) == [("1", ONE)]


def test_of_an_endless_mail_no_more_is_kept_than_a_reader_looks_at(tmp_path: Path) -> None:
    (tmp_path / "mbox").write_bytes(ENVELOPE + b"A: b\n\n" + (b"x" * 999 + b"\n") * (LARGEST_MAIL // 900))

    [(_, mail)] = mails(tmp_path / "mbox")

    assert len(mail) == LARGEST_MAIL + 1


def test_where_there_is_no_mailbox_somebody_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(mails(tmp_path / "none"))


def test_a_mail_says_the_same_from_whatever_mailbox(tmp_path: Path) -> None:
    raws = [a_raw(name) for name in NAMES]
    mbox = b"\n".join(ENVELOPE + raw.replace(b"\nFrom ", b"\n>From ") for raw in raws)

    assert [list(read(mail)) for _, mail in mails(io.BytesIO(mbox))] == [list(read(raw)) for raw in raws]
