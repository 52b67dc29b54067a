# SPDX-License-Identifier: MIT
"""Tables as the kernel prints them in debugfs `gems`, newest layout."""

LEGEND = (b"GEM state flags: imported (0x1), exported (0x2), evicted (0x4)\n"
          b"GEM usage flags: kernel (0x1), fw-mapped (0x2)\n\n")
HEADER = (b"created-by                      global-name     refcount   evictions  size            "
          b"resident-size   file-offset       state      usage       label\n")


def row(comm=b"app", tgid=100, name=0, refs=1, evictions=0, size=4096, resident=0,
        offset=0x100000000, state=0, usage=0, label=b""):
    creator = b"%s/%d" % (comm, tgid)
    return b"%-32s%-16d%-11d%-11d%-16d%-16d0x%-16x0x%-8x 0x%-10x%s\n" % (
        creator, name, refs, evictions, size, resident, offset, state, usage, label)


def footer(size, resident, reclaimable=0):
    return b"=" * 148 + b"\nTotal size: %d, Total resident: %d, Total reclaimable: %d\n" % (
        size, resident, reclaimable)


def head():
    return LEGEND + HEADER + b"-" * 148 + b"\n"


def table(*rows, reclaimable=0):
    """A whole table of rows given as dictionaries, with a true footer."""
    return (head() + b"".join(row(**r) for r in rows) +
            footer(sum(r.get("size", 4096) for r in rows),
                   sum(r.get("resident", 0) for r in rows), reclaimable))
