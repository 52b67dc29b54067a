# SPDX-License-Identifier: MIT
"""Just enough TAP, and running panthor-bo, for the command-line tests."""
import json
import os
import subprocess
import sys
import traceback

from schema import Schema

TOOL = os.environ["PANTHOR_BO"]
READBACK = os.environ["JSON_READBACK"]
SOURCE = os.environ["SOURCE_ROOT"]
HERE = os.path.dirname(os.path.abspath(__file__))

_tests = []


class Skip(Exception):
    """Raised by a test that cannot run here, with the reason."""


def test(function):
    """Registers a function; its docstring is the claim, an exception its refutation."""
    _tests.append(function)
    return function


def main():
    print(f"1..{len(_tests)}")
    failed = 0
    for number, function in enumerate(_tests, 1):
        try:
            function()
            print(f"ok {number} - {function.__doc__}")
        except Skip as reason:
            print(f"ok {number} - {function.__doc__} # SKIP {reason}")
        except Exception:
            failed += 1
            print(f"not ok {number} - {function.__doc__}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


def equal(got, expected, what="value"):
    if got != expected:
        raise AssertionError(f"{what}: {got!r} is not {expected!r}")


def run(*args, data=b"", status=0, **kwargs):
    """Runs the tool; the exit status must be as given. Returns stdout and stderr as bytes."""
    done = subprocess.run([TOOL, *args], input=data, stdout=kwargs.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, check=False, **kwargs)
    equal(done.returncode, status, f"exit status of {args} ({done.stderr!r})")
    return done.stdout, done.stderr


def strict_loads(raw):
    """Exactly one JSON document: read by json-c, and again with what json-c lets pass refused."""
    subprocess.run([READBACK], input=raw, check=True)

    def unique(pairs):
        names = [name for name, _ in pairs]
        equal(len(names), len(set(names)), f"distinct members of {names}")
        return dict(pairs)

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(raw.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)


def document(name, raw):
    """A document of `panthor-bo NAME`: valid JSON and as its schema says."""
    doc = strict_loads(raw)
    Schema(os.path.join(SOURCE, "data", f"panthor-bo-{name}.schema.json")).check(doc)
    return doc


def run_json(name, *args, status=0, **kwargs):
    """Runs `panthor-bo NAME --json`; the document's exit status must be the process's."""
    out, err = run(name, "--json", *args, status=status, **kwargs)
    doc = document(name, out)
    equal(doc["exit_status"], status, "exit_status in the document")
    equal(doc["error"] is None, status == 0, "no error in the document")
    return doc, err
