# SPDX-License-Identifier: MIT
"""Options, exit codes, help, manual and completion: they have to say the same."""
import os
import re
import subprocess

from schema import Invalid, Schema
from tap import SOURCE, TOOL, equal, main, run, run_json, test

COMMANDS = ("info", "gems", "stress")


def options(command):
    """What --help lists."""
    out, _ = run(command, "--help")
    return re.findall(r"^  (--[a-z-]+)", out.decode(), re.M)


def manual(name):
    with open(os.path.join(SOURCE, "man", name + ".1.rst"), encoding="utf-8") as file:
        text = file.read()

    def include(match):
        with open(os.path.join(SOURCE, "man", match[1]), encoding="utf-8") as part:
            return part.read()

    return re.sub(r"^\.\. include:: (\S+)$", include, text, flags=re.M)


@test
def help_and_version():
    """help and version go to stdout with exit status 0"""
    out, err = run("--help")
    equal(err, b"")
    equal(re.findall(r"^  (\w+) ", out.decode(), re.M), list(COMMANDS))
    out, _ = run("--version")
    equal(re.fullmatch(rb"panthor-bo \d+\.\d+\.\d+\n", out) is not None, True, out)
    for command in COMMANDS:
        out, err = run(command, "--help")
        equal(err, b"")
        equal(max(map(len, out.decode().splitlines())) <= 100, True, "width of the help")


@test
def wrong_usage():
    """wrong usage: exit status 2 and one sentence on stderr, nothing on stdout"""
    wrong = [
        ["--frobnicate"], ["frobnicate"], ["gems", "--frobnicate"], ["gems", "extra"],
        ["gems", "-x"], ["gems", "--by"], ["gems", "--by", "colour"], ["gems", "--sort=nothing"],
        ["gems", "--json=yes"], ["gems", "--file", "-", "--device", "/dev/null"],
        ["gems", "--tot"], ["info", "--file", "-"], ["stress", "--total", "0"],
        ["stress", "--total", "12Q"], ["stress", "--total", "-1"], ["stress", "--total", "99999999T"],
        ["stress", "--bo-size", "64K,"], ["stress", "--bo-size", "0"], ["stress", "--workers", "0"],
        ["stress", "--workers", "1000"], ["stress", "--dontneed", "101"],
        ["stress", "--compress", "x"], ["stress", "--duration", "1y"], ["stress", "--rounds", "0"],
        ["stress", "--expect-purges", "1"], ["stress", "--json", "--report", "x"],
        ["stress", "--vms", "2"], ["stress", "--shared", "0"], ["stress", "--gpu", "--vms", "33"],
        ["stress", "--expect-class-evictions", "1"], ["stress", "--gpu", "--shared", "101"],
        ["stress", "--gpu", "--vms", "1", "--shared", "10"],
        ["stress", "--seed", "0x"], ["gems", "--file"], ["stress", "--total="], ["--"],
    ]
    for args in wrong:
        if "--json" in args:
            continue
        out, err = run(*args, status=2)
        equal(out, b"", f"stdout of {args}")
        equal(len(err.splitlines()), 1, f"lines on stderr of {args}: {err}")
    _, err = run("--\x1b[2J", status=2)
    equal(b"\x1b" in err, False, "escape byte on stderr")
    run(status=2)


@test
def wrong_usage_json():
    """with --json wrong usage is a document too"""
    for command in COMMANDS:
        doc, _ = run_json(command, "--frobnicate", status=2)
        equal("frobnicate" in doc["error"]["message"], True)
    run_json("stress", "--report", "x", status=2)


@test
def no_device():
    """no device, or one that is none: 77 or 1, and a document"""
    for command in COMMANDS:
        doc, _ = run_json(command, "--device", "/dev/null", status=77)
        equal(doc["driver"], None)
        doc, _ = run_json(command, "--device", "/nonexistent", status=1)
        equal(doc["error"]["errno"], "ENOENT")


@test
def report_file():
    """--report that cannot be written fails before anything starts"""
    _, err = run("stress", "--report", "/nonexistent/report", status=1)
    equal(b"cannot write /nonexistent/report" in err, True, err)


@test
def manual_has_options():
    """the manual describes exactly the options that --help lists, with the same arguments"""
    for command in COMMANDS:
        out, _ = run(command, "--help")
        listed = re.findall(r"^  (--[a-z-]+(?: [A-Z][^ ]*)?)  +", out.decode(), re.M)
        described = re.findall(r"^(--[a-z][a-z-]*(?: \S+)?)$", manual(f"panthor-bo-{command}"), re.M)
        equal(sorted(described), sorted(listed), f"options of {command}")


@test
def manual_has_exit_codes():
    """every page lists every exit code of the source"""
    with open(os.path.join(SOURCE, "tools/panthor-bo/command.h"), encoding="utf-8") as file:
        codes = re.findall(r"^\tSTATUS_\w+ = (\d+),", file.read(), re.M)
    equal(codes, ["0", "1", "2", "3", "4", "77"])
    for page in ("panthor-bo", *(f"panthor-bo-{command}" for command in COMMANDS)):
        text = manual(page)
        section = text[text.index("EXIT STATUS"):]
        equal(re.findall(r"^(\d+)$", section, re.M), codes, f"exit codes in {page}")
        for heading in ("SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"):
            equal(f"\n{heading}\n====" in text, True, f"{heading} in {page}")


@test
def manual_lints():
    """the pages are clean for rst2man and for man"""
    for page in ("panthor-bo", *(f"panthor-bo-{command}" for command in COMMANDS)):
        source = os.path.join(SOURCE, "man", page + ".1.rst")
        roff = subprocess.run([os.environ["RST2MAN"], "--strict", source], check=True,
                              stdout=subprocess.PIPE).stdout
        if not os.environ["MAN"]:
            print("# man is not installed: only rst2man has looked at the pages")
            return
        done = subprocess.run([os.environ["MAN"], "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                               "-"], input=roff, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        equal(done.stderr, b"", f"warnings on {page}")


def complete(*words):
    """What bash offers for the last word."""
    script = ('. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; };'
              ' _panthor_bo; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", os.path.join(SOURCE, "data/panthor-bo.bash"),
                           "panthor-bo", *words], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()


@test
def completion():
    """bash completes exactly the commands, options and words that exist"""
    equal(complete(""), [*COMMANDS, "--help", "--version"])
    for command in COMMANDS:
        equal(sorted(complete(command, "--")), sorted(options(command)), f"options of {command}")
    equal(complete("stress", "--exp"),
          ["--expect-evictions", "--expect-class-evictions", "--expect-purges"])
    for option in "--by", "--sort":
        for word in complete("gems", option, ""):
            run("gems", option, word, "--file", "/nonexistent", status=1)


@test
def schemas_bite():
    """the schema checker refuses what is missing, foreign, of the wrong type, or out of range"""
    doc, _ = run_json("info", "--device", "/dev/null", status=77)
    schema = Schema(os.path.join(SOURCE, "data/panthor-bo-info.schema.json"))
    schema.check(doc)
    wrong = [
        {k: v for k, v in doc.items() if k != "schema"},
        {**doc, "surprise": 1},
        {**doc, "exit_status": 5},
        {**doc, "schema_version": "1"},
        {**doc, "error": None, "exit_status": 0},
        {**doc, "environment": {**doc["environment"], "cpus": -1}},
        {**doc, "driver": {"name": "panthor", "version": "new"}},
    ]
    for number, broken in enumerate(wrong):
        try:
            schema.check(broken)
        except Invalid:
            continue
        raise AssertionError(f"broken document {number} passed")


main()
