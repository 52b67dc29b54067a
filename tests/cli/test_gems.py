# SPDX-License-Identifier: MIT
"""panthor-bo gems over saved tables."""
import os
import tempfile

from table import footer, head, row, table
from tap import HERE, equal, main, run, run_json, strict_loads, test

GOLDEN = os.path.join(HERE, "golden")
MIXED = table(
    {"comm": b"kworker", "tgid": 7, "size": 8192, "resident": 8192, "usage": 3, "label": b"FW"},
    {"comm": b"game", "tgid": 42, "size": 1 << 20, "evictions": 3, "state": 4, "label": b"atlas"},
    {"comm": b"game", "tgid": 42, "size": 4096, "resident": 4096, "state": 2, "label": b"atlas"},
    {"comm": b"shell", "tgid": 9, "size": 65536, "resident": 65536, "refs": 5, "label": b""},
    reclaimable=69632)


def golden(name):
    with open(os.path.join(GOLDEN, name), "rb") as file:
        return file.read()


def settled(raw):
    """A document without what differs from run to run and from machine to machine."""
    doc = strict_loads(raw)
    for name in ("kernel_release", "tool_version", "source"):
        doc[name] = ""
    doc["totals"]["read_ns"] = 0
    return doc


def compare(name, args, expected):
    source = os.path.join(GOLDEN, name)
    out, _ = run("gems", "--file", source, *args)
    if expected.endswith(".json"):
        equal(settled(out), settled(golden(expected)), expected)
    else:
        equal(out.decode(), golden(expected).decode(), expected)


@test
def table_output():
    """tables of both layouts come out as they are in the golden files"""
    for name in ("newest", "without-evictions"):
        compare(f"{name}.gems", [], f"{name}.txt")
        compare(f"{name}.gems", ["--by", "process"], f"{name}-by-process.txt")
        compare(f"{name}.gems", ["--by", "label", "--sort", "label"], f"{name}-by-label.txt")


@test
def json_output():
    """JSON of both layouts comes out as it is in the golden files"""
    for name in ("newest", "without-evictions"):
        compare(f"{name}.gems", ["--json"], f"{name}.json")
        compare(f"{name}.gems", ["--json", "--by", "process"], f"{name}-by-process.json")


@test
def numbers():
    """rows, sums and footer are those of the input, and unknown columns are null"""
    doc, _ = run_json("gems", "--file", "-", data=MIXED)
    equal([bo["size_bytes"] for bo in doc["bos"]], [8192, 1 << 20, 4096, 65536])
    equal([bo["state"] for bo in doc["bos"]], [[], ["evicted"], ["exported"], []])
    equal(doc["bos"][0]["usage"], ["kernel", "fw-mapped"])
    totals = doc["totals"]
    equal(totals["bos"], 4)
    equal(totals["size_bytes"], sum(bo["size_bytes"] for bo in doc["bos"]))
    equal(totals["footer"], {"size_bytes": totals["size_bytes"], "resident_bytes": 77824,
                             "reclaimable_bytes": 69632})
    equal(totals["integrity"], "ok")
    old, _ = run_json("gems", "--file", os.path.join(GOLDEN, "without-evictions.gems"))
    equal({bo["evictions"] for bo in old["bos"]}, {None})


@test
def sixty_four_bits():
    """sums beyond what a double holds, and offsets beyond 2^53, come out unrounded"""
    big = 999999999999999  # the widest number that leaves a space in its column
    offset = (1 << 60) - 4096
    doc, _ = run_json("gems", "--file", "-",
                      data=table(*({"size": big, "offset": offset} for _ in range(101))))
    equal(doc["bos"][0]["size_bytes"], big)
    equal(doc["bos"][0]["file_offset"], "0xffffffffffff000")
    equal(doc["totals"]["size_bytes"], 101 * big)
    equal(doc["totals"]["footer"]["size_bytes"], 101 * big)


@test
def sorting():
    """--sort orders rows, ties keep their order"""
    def order(key):
        doc, _ = run_json("gems", "--file", "-", "--sort", key, data=MIXED)
        return [bo["size_bytes"] for bo in doc["bos"]]

    equal(order("none"), [8192, 1 << 20, 4096, 65536])
    equal(order("size"), [1 << 20, 65536, 8192, 4096])
    equal(order("resident"), [65536, 8192, 4096, 1 << 20])
    equal(order("evictions"), [1 << 20, 8192, 4096, 65536])
    equal(order("count"), [65536, 8192, 1 << 20, 4096])
    equal(order("process"), [8192, 65536, 1 << 20, 4096])
    equal(order("label"), [65536, 8192, 1 << 20, 4096])


@test
def grouping():
    """--by sums up by creator and by label, and the sums are those of the rows"""
    doc, _ = run_json("gems", "--file", "-", "--by", "process", data=MIXED)
    equal([(g["comm"], g["tgid"], g["bos"], g["size_bytes"]) for g in doc["groups"]],
          [("game", 42, 2, (1 << 20) + 4096), ("shell", 9, 1, 65536), ("kworker", 7, 1, 8192)])
    equal(doc["groups"][0]["evicted_bos"], 1)
    equal(doc["groups"][0]["shared_bos"], 1)
    equal(doc["groups"][0]["evictions"], 3)
    many = [{"label": b"l%d" % (i % 1000), "size": 4096 * (1 + i % 7)} for i in range(5000)]
    doc, _ = run_json("gems", "--file", "-", "--by", "label", data=table(*many))
    equal(len(doc["groups"]), 1000)
    equal(sum(g["bos"] for g in doc["groups"]), 5000)
    equal(sum(g["size_bytes"] for g in doc["groups"]), doc["totals"]["size_bytes"])


@test
def empty_table():
    """a table without rows is a document with an empty list"""
    for args, key in ([], "bos"), (["--by", "label"], "groups"), (["--sort", "size"], "bos"):
        doc, _ = run_json("gems", "--file", "-", *args, data=table())
        equal(doc[key], [])
        equal(doc["totals"]["footer"]["size_bytes"], 0)


@test
def parts():
    """--totals leaves rows out, --no-header leaves everything else out"""
    doc, _ = run_json("gems", "--file", "-", "--totals", data=MIXED)
    equal("bos" in doc, False)
    equal(doc["totals"]["bos"], 4)
    out, _ = run("gems", "--file", "-", "--no-header", data=MIXED)
    equal(len(out.splitlines()), 4)
    out, _ = run("gems", "--file", "-", "--totals", data=MIXED)
    equal(b"COMM" in out, False)


@test
def hostile_text():
    """escape bytes, broken UTF-8 and text direction never reach the terminal as they are"""
    label = b"\x1b[2J\x9b31m \xff\xfe \xe2\x80\xae \xc2\x85 \"quoted\\ \xc3\xa9\t."
    raw = table({"label": label, "comm": b"e\x1b[7mvil"})
    out, _ = run("gems", "--file", "-", data=raw)
    allowed = set(b"\n") | set(range(0x20, 0x7f)) | {0xc3, 0xa9}
    equal(set(out) - allowed, set(), "bytes in the table")
    for escaped in (b"\\x1b[2J", b"\\xff\\xfe", b"\\u202e", b"\\x85", b"e\\x1b[7mvil"):
        equal(escaped in out, True, f"{escaped} in {out}")
    out, _ = run("gems", "--file", "-", "--json", data=raw)
    equal(set(out) - allowed - set(b"\t\xef\xbf\xbd"), set(), "bytes in JSON")
    bo = strict_loads(out)["bos"][0]
    equal(bytes.fromhex(bo["label_hex"]), label, "label_hex")
    equal(bo["label"], "\x1b[2J\ufffd31m \ufffd\ufffd \u202e \x85 \"quoted\\ \u00e9\t.", "label")
    equal("comm_hex" in bo, False)


@test
def forged_row():
    """a label that forges a row is found out: stated in text and in JSON, exit status 4"""
    forged = b"innocent\n" + row(comm=b"victim", size=1 << 30, resident=1 << 30)[:-1]
    raw = head() + row(size=4096, label=forged) + footer(4096, 0)
    doc, err = run_json("gems", "--file", "-", data=raw, status=4)
    equal(doc["totals"]["integrity"], "mismatch")
    equal(doc["totals"]["footer"]["size_bytes"], 4096)
    equal(b"do not add up" in err, True, "reason on stderr")
    out, _ = run("gems", "--file", "-", data=raw, status=4)
    equal(b"mismatch" in out, True, "verdict in text")


@test
def truncated():
    """a table that is cut off anywhere is not taken for a whole one, and JSON stays valid"""
    start = MIXED.index(b"-" * 148) + 149
    for cut in range(start, len(MIXED) - 1, 37):
        doc, _ = run_json("gems", "--file", "-", data=MIXED[:cut], status=4)
        equal(doc["totals"]["integrity"] in ("truncated", "no-footer"), True,
              f"verdict on {cut} bytes: {doc['totals']['integrity']}")


@test
def no_table():
    """what is no table, cannot be read or does not exist is an error in the document too"""
    for data in (b"", b"hello\n", b"\0" * 5000, b"GEM state flags\n", os.urandom(4096)):
        doc, _ = run_json("gems", "--file", "-", data=data, status=1)
        equal(doc["error"]["errno"], "EBADMSG")
    doc, _ = run_json("gems", "--file", "/nonexistent", status=1)
    equal(doc["error"]["errno"], "ENOENT")
    with tempfile.TemporaryDirectory() as folder:
        doc, _ = run_json("gems", "--file", folder, status=1)
    equal(doc["error"]["errno"], "EISDIR")


main()
