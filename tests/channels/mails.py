"""Mails as mail servers, mail providers and people write them; the files are in `mails/`."""

from pathlib import Path

REFERENCE = "0199c0de-7a11-7000-8000-000000000001"

_FOLDER = Path(__file__).parent / "mails"
NAMES = sorted(path.stem for path in _FOLDER.glob("*.eml"))


def a_raw(name: str) -> bytes:
    return (_FOLDER / f"{name}.eml").read_bytes()


def a_status(recipient: str, *, message: str = f"Original-Envelope-Id: {REFERENCE}") -> bytes:
    """A delivery status notification that says `message` of the mail and `recipient` of who should have got it."""
    return (
        "From: MAILER-DAEMON@relay.example\n"
        "Message-ID: <report-1@relay.example>\n"
        "Date: Mon, 2 Mar 2026 08:00:00 +0000\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
        "\n"
        "--b\n"
        "Content-Type: text/plain\n"
        "\n"
        "It did not arrive.\n"
        "--b\n"
        "Content-Type: message/delivery-status\n"
        "\n"
        "Reporting-MTA: dns; relay.example\n"
        f"{message}\n"
        "\n"
        f"{recipient}\n"
        "\n"
        "--b--\n"
    ).encode()


def a_letter(text: str = "I have paid.", **headers: str) -> bytes:
    """A mail from Ann, with `headers` (a_b is A-B) put before her own."""
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return f"{more}From: Ann Lee <ann.lee@example.com>\nSubject: Re: Your bill\n\n{text}\n".encode()
