# SPDX-License-Identifier: MIT
"""Reads the public headers: what the comments say, as data.

load(paths) returns a list of Section. The first section of a header is what comes before its first
heading, with the comment at the top as its intro; all others begin with a comment that stands
alone, between blank lines. Texts keep the headers' own markup: @parameter, panthor_function(),
`name`. A paragraph is one line, but for code, whose lines begin with tabs.
"""
import os
import re
from dataclasses import dataclass, field

# What any call may give, and so no comment repeats. An interrupted system call is repeated.
GENERIC_ERRORS = ("ENODEV", "EPROTO")


@dataclass
class Doc:
    """A comment, taken apart."""
    name: str = ""
    brief: str = ""
    params: dict = field(default_factory=dict)
    body: list = field(default_factory=list)


@dataclass
class Function:
    name: str
    prototype: str
    return_type: str
    params: list
    inline: bool
    internal: bool = False
    brief: str = ""
    param_docs: dict = field(default_factory=dict)
    body: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    error_refs: list = field(default_factory=list)
    error_notes: list = field(default_factory=list)
    code: str = ""


@dataclass
class Struct:
    name: str
    members: list = field(default_factory=list)
    brief: str = ""
    body: list = field(default_factory=list)


@dataclass
class Enum:
    name: str
    values: list = field(default_factory=list)
    brief: str = ""


@dataclass
class Constant:
    name: str
    value: str
    brief: str = ""


@dataclass
class Section:
    title: str
    header: str
    intro: list = field(default_factory=list)
    functions: list = field(default_factory=list)
    structs: list = field(default_factory=list)
    enums: list = field(default_factory=list)
    macros: list = field(default_factory=list)
    typedefs: list = field(default_factory=list)


def flat(text):
    return " ".join(text.split())


def comment_lines(comment):
    """The lines between the asterisks."""
    inner = re.sub(r"^/\*+|\*/$", "", comment)
    return [re.sub(r"^\s*\* ?", "", line).rstrip() for line in inner.split("\n")]


def paragraphs(lines):
    """Joins lines up to blank ones; code and list items stand for themselves."""
    done = [[]]
    code = False
    for line in lines:
        begins = line.startswith("- ") or line.startswith("\t") != code
        if not line:
            done.append([])
            continue
        if begins:
            done.append([])
        code = line.startswith("\t")
        done[-1].append(line)
    return ["\n".join(part) if part[0].startswith("\t") else flat(" ".join(part))
            for part in done if part]


def parse_doc(comment):
    """`name - brief`, then @parameters, then paragraphs; of a plain comment, one brief."""
    lines = comment_lines(comment)
    if not comment.startswith("/**"):
        return Doc(brief=flat(" ".join(lines)))
    text = [line for line in lines if line] and lines[next(i for i, x in enumerate(lines) if x):]
    doc = Doc()
    head = []
    while text and text[0] and not text[0].startswith("@"):
        head.append(text.pop(0))
    match = re.fullmatch(r"(?:struct |enum )?(\w+) - (.*)", flat(" ".join(head)))
    if not match:
        raise ValueError(f"not `name - brief`: {head}")
    doc.name, doc.brief = match[1], match[2]
    current = None
    while text and text[0]:
        match = re.match(r"((?:@\w+(?:, )?)+): (.*)", text[0])
        if match:
            current = match[1].replace("@", "")
            doc.params[current] = match[2]
        else:
            doc.params[current] += " " + text[0].strip()
        text.pop(0)
    doc.body = paragraphs(text)
    return doc


def tokens(text):
    """Yields (kind, text, stands_alone): comments, preprocessor lines, declarations."""
    at = 0
    while True:
        at += len(re.match(r"\s*", text[at:])[0])
        if at >= len(text):
            return
        rest = text[at:]
        if rest.startswith("/*"):
            token = rest[:rest.index("*/") + 2]
            yield "comment", token, re.match(r"[ \t]*\n[ \t]*\n", rest[len(token):]) is not None
        elif rest.startswith("#ifdef __cplusplus"):
            token = rest[:rest.index("#endif") + len("#endif")]
        elif rest.startswith("#"):
            token = re.match(r"(?:\\\n|[^\n])*", rest)[0]
            yield "directive", token, False
        else:
            token = rest[:declaration_length(rest)]
            yield "declaration", token, False
        at += len(token)


def declaration_length(text):
    """Up to the semicolon, or the brace that ends a function."""
    depth = 0
    is_function = False
    for match in re.finditer(r"/\*.*?\*/|[{};(]", text, re.S):
        sign = match[0]
        depth += (sign == "{") - (sign == "}")
        is_function |= sign == "(" and not depth
        if not depth and (sign == ";" or sign == "}" and is_function):
            return match.end()
    raise ValueError(f"a declaration without an end: {text[:80]!r}")


def split_declarator(text):
    """("struct panthor_bo **", "ret_bo") of one declared name."""
    pointer = re.search(r"\(\*(\w+)\)", text)
    if pointer:
        return text, pointer[1]
    match = re.fullmatch(r"(.*?)(\w+)((?:\[.*\])?)", text)
    return match[1].rstrip() + match[3], match[2]


def split_parameters(text):
    """At the commas outside parentheses."""
    parts = re.split(r",\s*(?![^()]*\))", text)
    return [split_declarator(part) for part in parts if part not in ("", "void")]


def parse_function(text, doc, internal):
    head = flat(text.split("{")[0]).rstrip(";").replace("* panthor_", "*panthor_")
    inline = head.startswith("static inline ")
    match = re.fullmatch(r"(.*?)(\w+)\((.*)\)", head.replace("static inline ", ""))
    function = Function(match[2], match[0] + ";", match[1].strip(), split_parameters(match[3]),
                        inline, internal=internal, brief=doc.brief, param_docs=doc.params)
    function.code = text[len(text.split("{")[0]):] if inline else ""
    for paragraph in doc.body:
        rest = take_errors(function, paragraph)
        if rest:
            function.body.append(rest)
    if not doc.brief:
        member_shortcut(function)
    forwarded = re.search(r"\treturn (panthor_\w+)\([^;]*\);\n}$", function.code)
    if function.return_type == "int" and forwarded and not function.errors:
        function.error_refs.append(forwarded[1])
    return function


def member_shortcut(function):
    """An inline function that returns a member of what *_info() returns says so itself."""
    match = re.search(r"return (panthor_\w+_info)\(\w+\)->(\w+);", function.code)
    if match:
        function.brief = f"@{match[2]} of what {match[1]}() returns"


def take_errors(function, paragraph):
    """Moves the sentence "Errors: ..." of a paragraph into the function; returns the rest."""
    match = re.search(r"(?:^| )Errors: (.*?)\.(?=\s|$)", paragraph)
    if not match:
        return paragraph
    for item in match[1].split("; "):
        take_error(function, item)
    return (paragraph[:match.start()] + paragraph[match.end():]).strip()


def take_error(function, item):
    """
    One item: "-EINVAL when", "X: -EBUSY when, -ENOSPC when", "those of f() and g()", "whatever ..."
    and the like, or else what goes on with the item before.
    """
    refs = re.findall(r"(panthor_\w+)\(\)", item)
    if not re.search("-E[A-Z0-9]", item):
        if re.search(r"\b(as|those of) panthor_", item):
            function.error_refs += refs
        if re.match(r"(else|whatever|as|those of|if|with .* those of)\b", item):
            function.error_notes.append(item)
        else:
            name, when = function.errors.pop()
            function.errors.append((name, f"{when}; {item}"))
        return
    first, *parts = re.split(r"(?:, )?-(E[A-Z0-9]+)\b[ ,]*", item)
    prefix = first.strip()
    for name, when in zip(parts[::2], parts[1::2]):
        glue = " " if prefix.endswith(":") else ", "
        function.errors.append((name, glue.join(filter(None, (prefix, when.strip())))))


def parse_struct(text, doc):
    name, inner = re.match(r"struct (\w+) \{(.*)\};", text, re.S).groups()
    struct = Struct(name, brief=doc.brief, body=doc.body)
    documented = {}
    for names, what in doc.params.items():
        documented.update({each: what for each in names.split(", ")})
    for member in inner.split(";"):
        if member.strip():
            kind, member = split_declarator(flat(member))
            struct.members.append((kind, member, documented.get(member, "")))
    return struct


def parse_enum(text, doc):
    name, inner = re.match(r"enum (\w+) \{(.*)\};", text, re.S).groups()
    enum = Enum(name, brief=doc.brief)
    for match in re.finditer(r"(\w+) = ([^,]+),(?:[ \t]*/\*(.*?)\*/)?", inner, re.S):
        enum.values.append(Constant(match[1], match[2], flat(match[3] or "")))
    return enum


def parse_macro(text, doc):
    match = re.match(r"#define (\w+)[ \t]+(.+?)[ \t]*(?:/\*(.*)\*/)?$", text)
    return match and Constant(match[1], match[2], flat(match[3] or "") or doc.brief)


def begin_section(comment, header):
    """Its title is the first words; an intro that says no more than that is none."""
    intro = paragraphs(comment_lines(comment))
    title = re.match(r"[^:.,]+", intro[0])[0]
    return Section(title, header, intro[1:] if intro[0] == title else intro)


def add_declaration(section, text, doc, internal):
    if re.match(r"struct \w+ \{", text):
        section.structs.append(parse_struct(text, doc))
    elif re.match(r"enum \w+ \{", text):
        section.enums.append(parse_enum(text, doc))
    elif text.startswith("typedef"):
        name = split_declarator(flat(text)[:-1])[1]
        section.typedefs.append(Constant(name, flat(text), doc.brief))
    elif not re.fullmatch(r"struct \w+;", text):
        section.functions.append(parse_function(text, doc, internal))


def load_header(path):
    header = os.path.basename(path)
    sections = []
    doc, internal = Doc(), False
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for kind, token, alone in tokens(text):
        if kind == "comment" and "SPDX-License-Identifier" in token:
            continue
        if kind == "comment" and (alone or not sections):
            sections.append(begin_section(token, header))
        elif kind == "comment":
            doc, internal = parse_doc(token), "Not for callers" in token
            continue
        elif kind == "directive":
            macro = parse_macro(token, doc)
            if macro:
                sections[-1].macros.append(macro)
        else:
            add_declaration(sections[-1], token, doc, internal)
        doc, internal = Doc(), False
    return sections


def load(paths):
    """All sections of some headers, in their order."""
    return [section for path in paths for section in load_header(path)]


def functions(api):
    """All of them by name, but those that are not for callers."""
    return {function.name: function for section in api for function in section.functions
            if not function.internal}


def all_errors(api, name, seen=()):
    """The errno names a function may give, those of functions it refers to included."""
    known = functions(api)
    function = known[name]
    found = {error for error, _ in function.errors}
    for other in function.error_refs:
        if other not in known:
            raise ValueError(f"{name}: errors of {other}(), which there is not")
        if other not in seen:
            found |= all_errors(api, other, (*seen, name))
    return found
