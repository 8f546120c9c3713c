"""How deadlines become an iCalendar file (RFC 5545)."""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LONGEST_LINE = 75
"""Octets of a content line; longer ones are folded (RFC 5545 §3.1)."""


@dataclass(frozen=True)
class Deadline:
    """A moment to note: `uid` never changes for the same thing, `alarm` is how long before it rings."""

    uid: str
    at: datetime
    summary: str
    description: str
    url: str
    alarm: timedelta = timedelta(days=2)


def calendar_text(name: str, deadlines: Iterable[Deadline], stamp: datetime) -> str:
    """The file: one event per deadline, half an hour up to its moment, CRLF, folded."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Grappe//Calendrier//FR", "CALSCALE:GREGORIAN",
             "METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT6H"]  # fmt: skip
    for each in deadlines:
        lines += [
            "BEGIN:VEVENT", f"UID:{each.uid}@grappe", f"DTSTAMP:{_utc(stamp)}",
            f"DTSTART:{_utc(each.at - timedelta(minutes=30))}", f"DTEND:{_utc(each.at)}",
            f"SUMMARY:{escaped(each.summary)}", f"DESCRIPTION:{escaped(each.description)}",
            f"URL:{each.url}", "BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{escaped(each.summary)}",
            f"TRIGGER:-P{each.alarm.days}D", "END:VALARM", "END:VEVENT",
        ]  # fmt: skip
    return "".join(folded(line) + "\r\n" for line in [*lines, "END:VCALENDAR"])


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11)."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return text


def folded(line: str) -> str:
    """A content line cut at 75 octets, never inside a character, each further piece after a space."""
    pieces, room = [""], LONGEST_LINE
    for letter in line:
        size = len(letter.encode())
        if size > room:
            pieces.append("")
            room = LONGEST_LINE - 1
        pieces[-1] += letter
        room -= size
    return "\r\n ".join(pieces)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
