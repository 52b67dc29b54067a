#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""errnos.py HEADER... -- PROGRAM...: every exported function has a unit test for success, for each
errno that its comment in the header documents, and for -ENODEV; and gives no others but -EPROTO.

Nobody says so: the programs are run, and record what the functions answered (record.h). Which of
the reasons for an errno a test had cannot be told apart. A header and a record of its own show that
each kind of gap would be found.
"""

import collections
import errno
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "man"))
import panthor_api  # pylint: disable=wrong-import-position

# "-ENODEV from any call" is not for these: they ask the device nothing, or do not mind the answer.
WITHOUT_DEVICE = {
    "panthor_bo_cache_new", "panthor_bo_cache_pressure_fd", "panthor_bo_cache_put",
    "panthor_bo_unmap", "panthor_device_usage", "panthor_gems_next_sized", "panthor_gems_open",
    "panthor_gems_summary_sized", "panthor_slab_free", "panthor_slab_new",
    "panthor_va_free", "panthor_va_new",
}

SUCCESS = 0
NEVER_SUCCEEDS = ["never succeeds in a test"]

# To be found fault with.
HEADER = """\
/* SPDX-License-Identifier: MIT */
/* An example. */

/**
 * panthor_alone - do something
 *
 * Errors: -EINVAL no such thing.
 */
int panthor_alone(int thing);

/**
 * panthor_both - do something more
 *
 * Errors: -EBUSY already being done; else those of panthor_alone().
 */
int panthor_both(int thing);

/**
 * panthor_read - read something
 *
 * Errors: whatever read(2) gives.
 */
int panthor_read(int fd);

/** panthor_end - do nothing more */
void panthor_end(void);
"""


def number(name):
    return getattr(errno, name)


def name_of(error):
    """ENOTSUP is another name of EOPNOTSUPP."""
    return "EOPNOTSUPP" if error == errno.EOPNOTSUPP else errno.errorcode.get(error, str(error))


def exported(api):
    return [function for section in api for function in section.functions if not function.inline]


def is_open(api, name, seen=()):
    """Whether a function also gives what the kernel, or a driver, likes: "whatever ..."."""
    function = panthor_api.functions(api)[name]
    return (any("whatever" in note for note in function.error_notes) or
            any(is_open(api, other, (*seen, name)) for other in function.error_refs
                if other not in seen))


def documented(api):
    """By name: the errnos a test has to get, and whether others are in order too."""
    promises = {}
    for function in exported(api):
        errors = {number(error) for error in panthor_api.all_errors(api, function.name)}
        if function.return_type == "int" and function.name not in WITHOUT_DEVICE:
            errors.add(errno.ENODEV)
        promises[function.name] = (errors, is_open(api, function.name))
    return promises


def problems(promises, seen):
    """By name: what is missing, and what is too much."""
    found = collections.defaultdict(list)
    for name, (errors, others) in promises.items():
        if SUCCESS not in seen[name]:
            found[name] += NEVER_SUCCEEDS
        for error in sorted(errors - seen[name]):
            found[name].append(f"never gives -{name_of(error)} in a test")
        for error in sorted(seen[name] - errors - {SUCCESS, errno.EPROTO}):
            if not others or error == errno.EOPNOTSUPP:
                found[name].append(f"gives -{name_of(error)}, which is not documented")
    for name in seen.keys() - promises.keys():
        found[name].append("is recorded, but not exported")
    return found


def run(programs):
    """What all of them record, and those that fail."""
    seen = collections.defaultdict(set)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "errnos")
        environment = {**os.environ, "ERRNOS": path}
        for program in programs:
            done = subprocess.run([program], env=environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, check=False)
            if done.returncode:
                failed.append(os.path.basename(program))
        with open(path, encoding="ascii") as file:
            for line in file:
                name, error = line.split()
                seen[name].add(int(error))
    return seen, failed


def example():
    """What HEADER promises."""
    with tempfile.NamedTemporaryFile("w", suffix=".h", encoding="ascii") as file:
        file.write(HEADER)
        file.flush()
        return documented(panthor_api.load([file.name]))


def planted():
    """Changes to a record of which all is well, and what has to be said of each."""
    def gives(name, *errors):
        return {name: {SUCCESS, errno.ENODEV, *errors}}

    yield "as documented", {}, {}
    yield "nonsense of the kernel", gives("panthor_alone", errno.EINVAL, errno.EPROTO), {}
    yield "whatever read(2) gives", gives("panthor_read", errno.EISDIR), {}
    yield "a function nobody calls", {"panthor_end": set()}, {"panthor_end": NEVER_SUCCEEDS}
    yield ("a function that always fails", {"panthor_alone": {errno.EINVAL, errno.ENODEV}},
           {"panthor_alone": NEVER_SUCCEEDS})
    yield ("an errno nobody gets", gives("panthor_alone"),
           {"panthor_alone": ["never gives -EINVAL in a test"]})
    yield ("an errno of another function that nobody gets", gives("panthor_both", errno.EBUSY),
           {"panthor_both": ["never gives -EINVAL in a test"]})
    yield ("a device that is never unplugged", {"panthor_read": {SUCCESS}},
           {"panthor_read": ["never gives -ENODEV in a test"]})
    yield ("an errno nobody documents", gives("panthor_alone", errno.EINVAL, errno.EBUSY),
           {"panthor_alone": ["gives -EBUSY, which is not documented"]})
    yield ("a missing feature nobody documents", gives("panthor_read", errno.EOPNOTSUPP),
           {"panthor_read": ["gives -EOPNOTSUPP, which is not documented"]})
    yield ("a function that is not exported", gives("panthor_lost"),
           {"panthor_lost": ["is recorded, but not exported"]})


def said_of(promises, changes):
    record = {name: {SUCCESS, *errors} for name, (errors, _) in promises.items()}
    return problems(promises, collections.defaultdict(set, {**record, **changes}))


def results(promises, seen, failed):
    """Lines of TAP without their numbers: whether it is so, and what."""
    yield not failed, "the programs succeed" + "".join(f", not {name}" for name in failed)
    for what, changes, expected in planted():
        yield said_of(example(), changes) == expected, f"in a record: {what}"
    found = problems(promises, seen)
    for name in sorted(promises.keys() | found.keys()):
        if not found[name]:
            yield True, f"{name}: success and {len(promises[name][0])} errnos"
        for what in found[name]:
            yield False, f"{name} {what}"


def main():
    split = sys.argv.index("--")
    promises = documented(panthor_api.load(sys.argv[1:split]))
    lines = list(results(promises, *run(sys.argv[split + 1:])))
    print(f"1..{len(lines)}")
    for at, (is_so, what) in enumerate(lines, 1):
        print(f"{'ok' if is_so else 'not ok'} {at} - {what}")
    count = sum(len(errors) for errors, _ in promises.values())
    print(f"# {len(promises)} functions, {count} errnos")
    return 0 if all(is_so for is_so, _ in lines) else 1


sys.exit(main())
