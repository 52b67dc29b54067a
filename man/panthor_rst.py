# SPDX-License-Identifier: MIT
"""The headers' markup as reStructuredText."""
import re
import textwrap

# What stands out, in the order in which it is looked for, and how.
MARKUP = (
    (r"`([^`]+)`", "*"),
    (r"@(\w+)", "*"),
    (r"\b((?:struct|enum) panthor_\w+)", "*"),
    (r"\b(panthor_\w+)(?=\(\))", "**"),
    (r"\b(open|read|close|poll)(?=\()", "**"),
    (r"(-E[A-Z0-9]{2,})\b", "**"),
    (r"\b(PANTHOR_[A-Z0-9_]+)\b", "**"),
)
WIDTH = 68


def escape(plain):
    return re.sub(r"([\\*`|]|_\b)", r"\\\1", plain)


def text(plain):
    """A line of it."""
    found = ""
    while plain:
        hits = [(match, mark) for pattern, mark in MARKUP if (match := re.search(pattern, plain))]
        if not hits:
            return found + escape(plain)
        match, mark = min(hits, key=lambda hit: hit[0].start())
        found += escape(plain[:match.start()])
        plain = plain[match.end():]
        before = "\\ " if found and not found[-1].isspace() else ""
        after = "\\ " if plain and not plain[0].isspace() else ""
        found += before + mark + escape(match[1]) + mark + after
    return found


def paragraph(plain):
    """A paragraph, or code, which begins with a tab."""
    if plain.startswith("\t"):
        return "::\n\n" + "".join(f"  {line[1:]}\n" for line in plain.split("\n")) + "\n"
    return text(plain) + "\n\n"


def sentence(plain):
    """With a full stop; it begins with a capital letter unless that is a name."""
    if plain and plain[0].islower() and not re.match(r"\w+[(_]|(struct|enum|vpanthor)\b", plain):
        plain = plain[0].upper() + plain[1:]
    if plain and plain[-1] not in ".:?" and plain[0] != "\t":
        plain += "."
    return plain


def sentences(plain):
    return re.findall(r"\S.*?(?:[.;](?=\s|$)|$)", plain)


def heading(title, rule):
    return f"{title}\n{rule * len(title)}\n\n"


def itself(function):
    return f"**{function.name}**\\ ()"


def definitions(items, raw=False):
    """A list of terms, in markup, and what they are; of raw ones the second part is markup too."""
    found = ""
    for term, what in items:
        body = what if raw else (paragraph(what) if what else "..")
        found += term + "\n" + textwrap.indent(body.rstrip("\n"), "  ") + "\n\n"
    return found


def prototype(function):
    """In lines that fit a terminal."""
    line = function.prototype[:function.prototype.index("(") + 1]
    parts = [kind if "(*" in kind else f"{kind} {name}".replace("* ", "*")
             for kind, name in function.params]
    fits = len(line) + max(map(len, parts)) + 2 <= WIDTH
    margin = len(line) if fits and len(line) <= 36 else 4
    lines = []
    for part in [each + ", " for each in parts[:-1]] + [parts[-1] + ");"]:
        if len(line + part.rstrip()) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = " " * margin
        line += part
    return [*lines, line]
