# SPDX-License-Identifier: MIT
"""What panthor-bo does when its streams, its memory or its user interfere."""
import os
import resource
import signal
import subprocess
import tempfile

from table import footer, head, row
from tap import TOOL, document, equal, main, run, test


def rows(count):
    return b"".join(row(tgid=i, label=b"BO number %d" % i) for i in range(count))


# More than the tool buffers, so that output shows it at work; less than input and output pipe take,
# so that neither side waits for the other.
ENOUGH = 700


def heed_signals():
    """Under nohup, or in the background of a script, some are ignored, and inherited so."""
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, signal.SIG_DFL)


def stalled(*args):
    """The tool in the middle of a table, once the first output is there."""
    tool = subprocess.Popen([TOOL, "gems", "--file", "-", *args], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=heed_signals)
    tool.stdin.write(head() + rows(ENOUGH))
    tool.stdin.flush()
    return tool, tool.stdout.read(1)


def interrupt(number, *args):
    tool, first = stalled(*args)
    tool.send_signal(number)
    rest = tool.stdout.read()
    status = tool.wait()
    tool.stdin.close()
    return status, first + rest, tool.stderr.read()


@test
def interrupted_json():
    """SIGINT, SIGTERM and SIGHUP while input is stalled: a valid document that says so"""
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        status, out, err = interrupt(number, "--json")
        equal(status, 1, "exit status")
        doc = document("gems", out)
        equal(doc["error"]["message"], "interrupted")
        equal(len(doc["bos"]) > 100, True, "rows that came before")
        equal(err, b"panthor-bo gems: interrupted\n", "stderr")


@test
def interrupted_text():
    """the same in text: whole lines, and a reason on stderr"""
    status, out, err = interrupt(signal.SIGINT)
    equal(status, 1, "exit status")
    equal(out[-1:], b"\n", "last byte")
    equal(b"interrupted" in err, True, "stderr")


@test
def ignored_signal():
    """a signal that was ignored at the start stays so, as under nohup"""
    tool = subprocess.Popen([TOOL, "gems", "--file", "-", "--json"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    tool.stdin.write(head() + rows(ENOUGH))
    tool.stdin.flush()
    first = tool.stdout.read(1)
    tool.send_signal(signal.SIGHUP)
    tool.stdin.write(footer(ENOUGH * 4096, 0))
    tool.stdin.close()
    doc = document("gems", first + tool.stdout.read())
    equal((tool.wait(), doc["exit_status"]), (0, 0))


@test
def closed_pipe():
    """a reader that goes away ends the run: exit status 1, not a signal, and nothing to say"""
    tool, _ = stalled("--json")
    tool.stdout.close()
    try:
        while True:
            tool.stdin.write(rows(100))
    except BrokenPipeError:
        pass
    equal(tool.wait(), 1, "exit status")
    equal(tool.stderr.read(), b"", "stderr")


@test
def full_disk():
    """output that cannot be written is an error, for help and version too"""
    data = head() + rows(10) + footer(10 * 4096, 0)
    with open("/dev/full", "wb") as full:
        for args in (["--json"], []):
            _, err = run("gems", "--file", "-", *args, data=data, stdout=full, status=1)
            equal(b"No space left" in err, True, err)
        run("--help", stdout=full, status=1)
        run("--version", stdout=full, status=1)
        run("gems", "--help", stdout=full, status=1)


@test
def closed_stdin_stdout():
    """closed standard streams do no harm"""
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" gems --json --file - <&-', TOOL],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    equal(done.returncode, 1)
    equal(document("gems", done.stdout)["error"]["errno"], "EBADF")
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" info --json >&-', TOOL],
                          stderr=subprocess.PIPE, check=False)
    equal(done.returncode in (1, 77), True, f"exit status {done.returncode}")


def run_limited(path, *args):
    """One run over a file with 2 MiB for everything that is not code."""
    limit = (2 << 20, 2 << 20)
    return subprocess.run([TOOL, "gems", "--file", path, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit))


@test
def memory_is_bounded():
    """100,000 rows pass through 2 MiB of memory, as a table and as JSON; sorting them does not"""
    if os.environ["SANITIZE"] != "none":
        print("# a sanitizer takes more memory than that for itself")
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(head() + rows(100000) + footer(100000 * 4096, 0))
        file.flush()
        for args in [], ["--json"], ["--totals"]:
            done = run_limited(file.name, *args)
            equal((done.returncode, done.stderr), (0, b""), f"run with {args}")
            if args == ["--json"]:
                equal(len(document("gems", done.stdout)["bos"]), 100000)
        # The limit does bite, and an end of memory is an error like any other.
        done = run_limited(file.name, "--json", "--sort", "size")
        equal(done.returncode, 1, "exit status")
        equal(document("gems", done.stdout)["error"]["errno"], "ENOMEM")


main()
