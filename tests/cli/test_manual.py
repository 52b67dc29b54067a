# SPDX-License-Identifier: MIT
"""Sections 3, 4 and 7 of the manual: they say what headers, library and driver say."""
import glob
import os
import re
import subprocess
import sys

from tap import SOURCE, Skip, equal, main, test

sys.path.insert(0, os.path.join(SOURCE, "man"))
import panthor_api  # noqa: E402

PAGES = os.environ["MANUAL"]
HEADERS = sorted(glob.glob(os.path.join(SOURCE, "include", "*.h")))
API = panthor_api.load(HEADERS)


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def driver():
    return {os.path.basename(path): read(path)
            for path in glob.glob(os.path.join(SOURCE, "kernel-driver", "*.[ch]"))}


def below(heading, page="vpanthor.4.rst"):
    """What stands below a heading of a page that is written by hand."""
    return re.search(rf"^{heading}\n=+\n(.*?)(?=^[A-Z][A-Z ]+\n==|\Z)", read("man", page),
                     re.M | re.S)[1]


def described(heading):
    """The terms of the lists there, names or paths, and what is said of each."""
    items = re.findall(r"^(\S.*)\n((?:  .*\n|\n(?=  ))+)", below(heading), re.M)
    return {name or path: what for terms, what in items
            for name, path in re.findall(r"``(.+?)``|^\*(/.+?)\*$", terms)}


def built(name):
    """A page as built; where it is one of another, that."""
    if not PAGES:
        raise Skip("rst2man is not installed")
    with open(os.path.join(PAGES, name), encoding="utf-8") as file:
        text = file.read()
    other = re.fullmatch(r"\.so man3/(\w+\.3)\n", text)
    return built(other[1]) if other else text.replace("\\-", "-")


def part(page, heading):
    return re.search(rf"^\.SH {heading}\n(.*?)(?=^\.SH |\Z)", page, re.M | re.S)[1]


def synopsis(page):
    return re.search(r"^\.ft C\n(.*?)^\.ft P\n", part(page, "SYNOPSIS"), re.M | re.S)[1]


def public():
    """Names of functions: those exported, and inline ones; not through the parser of the pages."""
    exported = re.findall(r"^\t(\w+);$", read("lib", "libdrm_panthor.map"), re.M)
    text = "".join(read(path) for path in HEADERS)
    text = re.sub(r"/\* Not for callers.*?\n}\n", "", text, flags=re.S)
    inline = re.findall(r"^static inline [\w *\n]*?\b(panthor_\w+)\(", text, re.M)
    equal(len(exported) > 50 and len(inline) > 30, True, f"{len(exported)} and {len(inline)} found")
    return exported + inline


@test
def functions_have_pages():
    """every exported symbol and public inline function has a page that names and declares it"""
    for name in public():
        page = built(name + ".3")
        equal(name in re.findall(r"\w+", part(page, "NAME")), True, f"{name} in NAME")
        equal(f"{name}(" in synopsis(page), True, f"{name} in SYNOPSIS")
        equal(f".B \\fB{name}\\fP()" in part(page, "DESCRIPTION"), True, f"{name} in DESCRIPTION")
    equal(sorted(panthor_api.functions(API)), sorted(public()), "functions that the parser finds")


def returned(name):
    """What the page says of what a function returns; nothing of one that returns nothing."""
    block = re.search(rf"^\.B \\fB{name}\\fP\(\)\n(.*?)(?=^\.B \\fBpanthor_|\Z)",
                      part(built(name + ".3"), "RETURN VALUE"), re.M | re.S)
    return block[1] if block else ""


def errors_on_page(name):
    """Those of a function, and what is said of when."""
    items = re.findall(r"^\.B \\fB-(E\w+)\\fP\n(.*?)(?=^\.(?:TP|UNINDENT)|\Z)", returned(name),
                       re.M | re.S)
    return {error: when.strip() for error, when in items}


@test
def errors_are_listed():
    """every errno of a function's comment, and of what that refers to, is in RETURN VALUE"""
    count = 0
    for path in HEADERS:
        comments = re.findall(r"^/\*\*[\s*]+(panthor_\w+) - (.*?)\*/", read(path), re.M | re.S)
        for name, comment in comments:
            for error in re.findall(r"-(E[A-Z0-9]+)", comment.partition("Errors:")[2]):
                count += 1
                equal(error in errors_on_page(name), True, f"{error} of {name}()")
    equal(count > 100, True, f"{count} errors in comments")
    for name in panthor_api.functions(API):
        told = errors_on_page(name)
        equal(set(told), panthor_api.all_errors(API, name), f"errors of {name}()")
        for error, when in told.items():
            equal(len(when) > 5, True, f"when {name}() gives {error}: {when}")
            equal("See there" in when, False, f"{error} of {name}()")


@test
def success_is_told():
    """every function that returns something says what, in front of its errors; no other place does"""
    for function in panthor_api.functions(API).values():
        told = returned(function.name).partition("\n.B \\fB-E")[0]
        equal(told != "", function.return_type != "void", f"what {function.name}() returns")
        equal("\n.SH ERRORS" in built(function.name + ".3"), False, f"{function.name}(3)")
        if function.errors and function.return_type == "int":
            equal(re.search(r"\b[01]\b", told) is not None, True, f"{function.name}(): {told}")


@test
def errors_of_others_are_resolved():
    """what a function gives because of another is there with the reason, and the condition"""
    equal(errors_on_page("panthor_bo_import_fence")["EINVAL"],
          errors_on_page("panthor_bo_fences")["EINVAL"], "of one that only forwards")
    told = errors_on_page("panthor_bo_fences")
    equal("DONTNEED" in told["EINVAL"] and "panthor_bo_export" in told["EINVAL"], True,
          "a reason of panthor_bo_export()")
    told = errors_on_page("panthor_group_submit")["EINVAL"]
    equal("PANTHOR_FLUSH_ID_NOW" in told and "without the page" in told, True, "a condition")


@test
def errors_of_any_call():
    """pages of functions that enter the kernel list what any call may give"""
    for function in panthor_api.functions(API):
        if not function.startswith("panthor_cs_"):
            for error in panthor_api.GENERIC_ERRORS:
                equal(f"\\fB-{error}\\fP" in part(built(function + ".3"), "RETURN VALUE"), True,
                      f"{error} on the page of {function}()")


@test
def comments_are_complete():
    """functions, members: each has a comment, and no comment speaks of what there is not"""
    known = panthor_api.functions(API)
    for function in known.values():
        equal(function.brief != "", True, f"a comment of {function.name}()")
        names = {name for _, name in function.params}
        for told in function.param_docs:
            equal(set(told.split(", ")) <= names, True, f"@{told} of {function.name}()")
    for section in API:
        for struct in section.structs:
            for _, member, what in struct.members:
                equal(what != "", True, f"a comment of {struct.name}.{member}")
    for path in HEADERS + glob.glob(os.path.join(SOURCE, "man", "*.rst")):
        for name in re.findall(r"\b(panthor_\w+)(?:\*\*\\ )?\(\)", read(path)):
            equal(name in known, True, f"{name}() of {os.path.basename(path)}")


def compiles(source, what):
    done = subprocess.run([*os.environ["CC"].split(), "-std=c11", "-Wall", "-Wextra", "-Werror",
                           "-fsyntax-only", "-I" + os.path.join(SOURCE, "include"), "-xc", "-"],
                          input=source.encode(), stderr=subprocess.PIPE, check=False)
    equal(done.returncode, 0, f"compiling {what}: {done.stderr.decode()}")


@test
def synopses_compile():
    """what SYNOPSIS declares is what the headers declare"""
    for page in sorted({built(name + ".3") for name in public()}):
        text = re.sub(r"^cc .*$", "", synopsis(page), flags=re.M)
        compiles(text, text)


@test
def example_compiles():
    """the example of libdrm_panthor(7) compiles"""
    example = re.search(r"::\n\n((?:  .*\n|\n)+)", below("EXAMPLE", "libdrm_panthor.7.rst"))[1]
    equal("int main(void)" in example, True, "a program")
    compiles(example, "the example")


@test
def families_are_linked():
    """libdrm_panthor(7) names every page of section 3"""
    text = read("man", "libdrm_panthor.7.rst")
    for name in public():
        page = re.match(r"\w+", part(built(name + ".3"), "NAME"))[0]
        equal(f"**{page}**\\ (3)" in text, True, f"{page}(3)")


def same(heading, names, what, pattern=".*"):
    """The terms below a heading are these names, of which there are some."""
    equal(len(names) > 0, True, f"{what} in the driver")
    equal(sorted(term for term in described(heading) if re.fullmatch(pattern, term)), sorted(names),
          what)


@test
def parameters_of_the_driver():
    """vpanthor(4) has every module parameter, with its default"""
    text = below("PARAMETERS")
    found = [(source, *match) for source in driver().values()
             for match in re.findall(r"^module_param_named\((\w+), (\w+), (\w+), 0\d+\);", source,
                                     re.M)]
    equal(len(found), "".join(driver().values()).count("\nmodule_param"), "parameters understood")
    same("PARAMETERS", {name for _, name, _, _ in found}, "parameters")
    for source, name, variable, kind in found:
        value = re.search(rf"^static [\w ]+\b{variable}(?: = (.*))?;", source, re.M)[1]
        value = {None: "N" if kind == "bool" else "0", "true": "Y", "false": "N"}.get(value, value)
        if not value.startswith("IS_ENABLED"):
            equal(f"``{name}`` = {value}\n" in text, True, f"default {value} of {name}")


@test
def files_of_the_driver():
    """vpanthor(4) has every file in debugfs, every attribute, and what they are made of"""
    text = "".join(driver().values())
    debugfs = re.findall(r'debugfs_create_\w+\("(\w+)"', text)
    same("FILES", {f"/sys/kernel/debug/dri/MINOR/{name}" for name in debugfs}, "files in debugfs",
         "/sys/kernel/debug/.*")
    attributes = re.findall(r"DEVICE_ATTR_\w+\((\w+)\)", text)
    same("FILES", {f"/sys/devices/platform/vpanthor/{name}" for name in attributes}, "attributes",
         "/sys/devices/.*")
    names = dict(re.findall(r"\*const (panthor_\w+_names)\[\w*\] = \{(.*?)\n};", text, re.S))
    names = {table: re.findall(r'= "(\w+)"', values) for table, values in names.items()}
    same("RECLAIM", {*names["panthor_counter_names"], *names["panthor_class_names"]},
         "classes and counters")
    hold = described("FILES")["/sys/kernel/debug/dri/MINOR/hold"]
    equal(sorted(re.findall(r"``(\w+)``", hold)), sorted(names["panthor_hold_names"]), "holds")


@test
def fdinfo_and_events_of_the_driver():
    """vpanthor(4) has every key of fdinfo and every trace event"""
    text = driver()["panthor_drv.c"]
    same("FDINFO", set(re.findall(r'drm_printf\(p, "([a-z-]+):', text)), "keys of fdinfo")
    text = driver()["panthor_trace.h"]
    events = re.findall(r"(?:^TRACE_EVENT\(|^DEFINE_EVENT\(\w+, )(\w+)", text, re.M)
    same("TRACE EVENTS", set(events), "trace events")


@test
def advice_of_the_driver():
    """both tables of advice have every advice"""
    advice = re.findall(r"^\tDRM_PANTHOR_BO_MADV_(\w+) =",
                        read("include", "drm-uapi", "panthor_drm.h"), re.M)
    enum = next(enum for section in API for enum in section.enums
                if enum.name == "panthor_bo_advice")
    equal([f"PANTHOR_BO_{name}" for name in advice], [value.name for value in enum.values])
    for page in ("vpanthor.4.rst", "libdrm_panthor.7.rst"):
        equal(re.findall(r"^  ([A-Z]{4,})  ", read("man", page), re.M), advice, f"advice in {page}")


@test
def limits_of_the_driver():
    """the limits that vpanthor(4) gives are the driver's"""
    text = "".join(driver().values())
    limits = " ".join(below("LIMITS").split())
    for macro, words in {"PANTHOR_VM_MAX": "%d VMs", "PANTHOR_GROUP_MAX": "%d groups",
                         "PANTHOR_HEAP_MAX": "%d tiler heaps"}.items():
        value = int(re.search(rf"#define {macro} (\d+)\n", text)[1])
        equal(words % value in limits, True, f"{macro} of {value}")
    slots = int(re.search(r"\.cs_slot_count = (\d+)", text)[1])
    equal(f"per group {slots} queues" in limits, True, f"{slots} queues")


@test
def pages_lint():
    """the pages are clean for man"""
    if not os.environ["MAN"]:
        raise Skip("man is not installed")
    names = {re.match(r"\w+", part(built(name + ".3"), "NAME"))[0] + ".3" for name in public()}
    for name in sorted(names | {"vpanthor.4", "libdrm_panthor.7"}):
        built(name)
        done = subprocess.run([os.environ["MAN"], "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                               os.path.join(PAGES, name)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        equal(done.stderr, b"", f"warnings on {name}")


main()
