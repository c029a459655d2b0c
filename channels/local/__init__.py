"""Servers on this machine that take messages and show them: for the demo and for tests.

They speak the real protocols over real sockets, and can be told to misbehave.
"""

from channels.local.behaviour import Accept, Answer, Cut, Refuse, Slow
from channels.local.sms import LocalSms, LocalSmsProvider, serve, tell
from channels.local.smtp import LocalMail, LocalSmtpServer

__all__ = [
    "Accept",
    "Answer",
    "Cut",
    "LocalMail",
    "LocalSms",
    "LocalSmsProvider",
    "LocalSmtpServer",
    "Refuse",
    "Slow",
    "serve",
    "tell",
]
