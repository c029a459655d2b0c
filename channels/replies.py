"""What a person wrote in a mail, without what they answered to."""

import re
from collections.abc import Iterator
from html import unescape

from channels.incoming import Part

#: Enough to find 2,000 characters of somebody's own between the quotations.
_LOOKED_AT = 40_000

_SEPARATOR = re.compile(
    r"\s*[-_=*]{2,}\s*(original|original message|forwarded message|原始邮件|原始郵件|转发邮件|ursprüngliche nachricht"
    r"|message d'origine|mensaje original)\s*[-_=*]{2,}\s*",
    re.IGNORECASE,
)
#: Outlook's block of headers above the old mail: a first line, and one that must follow soon.
_OLD_FROM = re.compile(r"\s*\*?(from|发件人|寄件者|von|de)\*?\s*[:：]\*?\s*\S", re.IGNORECASE)
_OLD_SENT = re.compile(
    r"\s*\*?(sent|date|to|发送时间|日期|收件人|寄件日期|gesendet|envoyé|enviado)\*?\s*[:：]", re.IGNORECASE
)
#: "On 2 March Ann Lee wrote:", which a mail program puts above a quotation, sometimes on two lines.
_WROTE = re.compile(
    r"(\bwrote|写道|寫道|\bschrieb\b.{0,200}|\ba écrit|\bescribió|\bha scritto|\bescreveu)\s{0,3}[:：]\s*$",
    re.IGNORECASE,
)
_WROTE_BEGINS = re.compile(r"\s*(on|at|am|le|el|il|em|在)\b", re.IGNORECASE)
_RULE = re.compile(r"[\s_=*-]*")

#: Possessive: what was taken is not given back to be tried again another way.
_TOKEN = re.compile(r"<(/?)([a-zA-Z][\w:]*+)[^<>]*+>|<[^<>]*+>|[^<]++|<")
_BLOCK = re.compile("address|blockquote|br|d[dlt]|div|h[1-6r]|li|ol|p|pre|table|tr|ul")
_UNSEEN = frozenset(("head", "script", "style", "title"))


def written(mail: Part) -> str:
    """What its writer wrote. Empty: nothing that can be read as text."""
    for kind, text_of in (("text/plain", str), ("text/html", text_of_html)):
        for part in mail.walk():
            if part.kind == kind and not part.parts and not _is_attached(part):
                if words := without_history(text_of(part.text())[:_LOOKED_AT]):
                    return words
                break
    return ""


def without_history(text: str) -> str:
    """`text` without quotations, and without all that follows where an old mail is repeated unquoted."""
    kept: list[str] = []
    lines = text.split("\n")
    has_words = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(">"):
            _drop_attribution(kept)
        elif has_words and (_SEPARATOR.fullmatch(line[:200]) or _repeats_headers(lines[number : number + 5])):
            break
        else:
            kept.append(line.rstrip())
            has_words = has_words or kept[-1] != ""
    while kept and _RULE.fullmatch(kept[-1]):
        kept.pop()
    return "\n".join(kept).strip()


def text_of_html(html: str) -> str:
    """The text in `html`, a line for each block; what is quoted begins with ">"."""
    pieces: list[str] = []
    length = quoted = 0
    unseen = ""
    begins = True
    for closes, name, text in _tokens(html):
        if unseen:
            # Who writes no end of the head begins the body.
            ends = (closes and name == unseen) or (unseen, name) == ("head", "body")
            unseen = "" if ends else unseen
        elif name in _UNSEEN:
            unseen = "" if closes else name
        elif name and _BLOCK.fullmatch(name):
            if name == "blockquote":
                quoted = max(0, quoted + (-1 if closes else 1))
            if not begins or name == "br":
                pieces.append("\n")
            begins = True
        elif text.strip() or (text and not begins):
            pieces.append("> " + text if begins and quoted else text)
            begins = False
            length += len(text)
        if length > _LOOKED_AT:
            break
    return "\n".join(line.strip() for line in "".join(pieces).split("\n")).strip("\n")


def _tokens(html: str) -> Iterator[tuple[bool, str, str]]:
    """Tags as (closes, name, ""), text as (False, "", text)."""
    for match in _TOKEN.finditer(_without_comments(html)):
        if match[2]:
            yield bool(match[1]), match[2].lower(), ""
        elif match[0] == "<" or not match[0].startswith("<"):
            yield False, "", re.sub(r"\s+", " ", _unescaped(match[0]))


def _without_comments(html: str) -> str:
    # By hand: a regular expression would look for the end of each comment to the end of the text.
    kept: list[str] = []
    at = 0
    while (begins := html.find("<!--", at)) >= 0 and (ends := html.find("-->", begins + 4)) >= 0:
        kept.append(html[at:begins])
        at = ends + 3
    return "".join((*kept, html[at:]))


def _unescaped(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits
        return text


def _repeats_headers(lines: list[str]) -> bool:
    return _OLD_FROM.match(lines[0][:200]) is not None and any(_OLD_SENT.match(line[:200]) for line in lines[1:])


def _drop_attribution(kept: list[str]) -> None:
    """Take "... wrote:" off the end of `kept`."""
    while kept and not kept[-1]:
        kept.pop()
    if not kept or not _WROTE.search(kept[-1][-300:]):
        return
    last = len(kept) - 1
    begins = next((at for at in range(last, max(last - 3, -1), -1) if _WROTE_BEGINS.match(kept[at])), last)
    del kept[begins:]


def _is_attached(part: Part) -> bool:
    return part.header("content-disposition").lstrip().lower().startswith("attachment")
