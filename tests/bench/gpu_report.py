# SPDX-License-Identifier: MIT
"""What bench-gpu measured: costs of jobs and maps, and of reclaim, and how they compare."""

MIB = 1 << 20

# (case, size, target): measured against (case, size, target), at most so many times that
COMPARED = {
    ("submit, BOs", 10000, "panthor"): (("submit, BOs", 10, "panthor"), 1.2),
    ("bind, BOs", 10000, "panthor"): (("bind, BOs", 10, "panthor"), 1.2),
    ("evict", 2 * MIB, "panthor"): (("evict", 2 * MIB, "anon"), 1.2),
    ("swap in, CPU", 2 * MIB, "panthor"): (("swap in, CPU", 2 * MIB, "anon"), 1.2),
    ("swap in, GPU", 2 * MIB, "panthor"): (("swap in, CPU", 2 * MIB, "anon"), 1.2),
    ("purge", 2 * MIB, "panthor"): (("purge", 2 * MIB, "anon"), None),
}


def _load(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            pages, case, size, unit, target, cost, spread = line.rstrip("\n").split("\t")
            yield (pages, case, int(size), target), unit, float(cost), float(spread)


def results(path):
    """One record for each line; ratio and target are null where there is nothing to compare with."""
    rows = list(_load(path))
    costs = {key: cost for key, _, cost, _ in rows}
    records = []
    for (pages, case, size, target), unit, cost, spread in rows:
        with_what, limit = COMPARED.get((case, size, target), (None, None))
        ratio = cost / costs[(pages, *with_what)] if with_what else None
        records.append({
            "case": case,
            "size": size,
            "pages": pages,
            "memory": target,
            "unit": unit,
            "instructions_per_unit": cost,
            "spread_percent": spread,
            "ratio": None if ratio is None else round(ratio, 4),
            "ratio_to": with_what and f"{with_what[0]}, {_size_text(*with_what[:2])}, {with_what[2]}",
            "target_ratio": limit,
            "target_met": None if limit is None else ratio <= limit,
        })
    return records


def _size_text(case, size):
    if case.endswith("BOs"):
        return f"{size} BOs"
    if size >= MIB:
        return f"{size // MIB} MiB"
    return f"{size // 1024} KiB" if size >= 1024 else f"{size} B" if size else "-"


def table(records):
    """Lines for people."""
    yield "Jobs, maps and reclaim: instructions per unit, and how many times those of another line."
    yield (f"{'case':15} {'size':>9} {'pages':6} {'memory':8} {'unit':11} {'cost':>9} {'spread':>7}"
           "   ratio  target")
    for r in records:
        line = (f"{r['case']:15} {_size_text(r['case'], r['size']):>9} {r['pages']:6} "
                f"{r['memory']:8} {r['unit']:11} {r['instructions_per_unit']:9.0f} "
                f"{r['spread_percent']:6.1f}%")
        if r["ratio"] is not None:
            line += f"  {r['ratio']:6.3f}"
        if r["target_met"] is not None:
            line += f"  {r['target_ratio']:.1f} {'met' if r['target_met'] else 'MISSED'}"
        if r["ratio"] is not None:
            line += f" (to {r['ratio_to']})"
        yield line
