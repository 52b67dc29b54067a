#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""generate.py names|calls HEADER...: C about all functions that the headers say are exported, on
standard output. names: a header that gives them other symbols. calls: functions with these
symbols that call them and record what they answered."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "man"))
import panthor_api  # pylint: disable=wrong-import-position

CALL = """
{declaration};
{declaration}
{{
	static struct recorded recorded = {{ "{name}", {{ 0 }} }};
	{result}{name}({arguments});

	record(&recorded, {answer});{end}
}}
"""


def exported(api):
    return [function for section in api for function in section.functions if not function.inline]


def names(functions):
    yield ("#ifndef __PRAGMA_REDEFINE_EXTNAME\n"
           "#error the compiler cannot give functions other symbols\n"
           "#endif\n")
    for function in functions:
        yield f"#pragma redefine_extname {function.name} recorded_{function.name}\n"


def call(function):
    """Only numbers can be errnos: what returns nothing, or a pointer, has done what it does."""
    kind = function.return_type
    number = kind == "int"
    void = kind == "void"
    result = "" if void else f"{kind}{'' if kind.endswith('*') else ' '}result = "
    return CALL.format(
        name=function.name, result=result,
        declaration=re.sub(rf"\b{function.name}\(", f"recorded_{function.name}(",
                           function.prototype.rstrip(";"), count=1),
        arguments=", ".join(name for _, name in function.params),
        answer="result" if number else "0",
        end="" if void else "\n	return result;")


def main():
    what, *headers = sys.argv[1:]
    functions = exported(panthor_api.load(headers))
    if what == "names":
        sys.stdout.writelines(names(functions))
        return
    print('#include "panthor.h"\n#include "record.h"')
    for function in functions:
        print(call(function), end="")


main()
