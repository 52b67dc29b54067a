# SPDX-License-Identifier: MIT
"""The part of JSON Schema 2020-12 that the schemas in data/ use.

Members that a schema does not name are refused, although the schemas allow them to users: what the
tool prints has to be described. A keyword that is not known here is an error, never passed over.
"""
import json
import re

_TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
_NOTES = {"$schema", "$id", "$defs", "title", "description", "required", "items"}


class Invalid(Exception):
    """Where a value is not as its schema says."""


class Schema:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = json.load(file)
        self.keywords = {
            "$ref": self._ref,
            "type": self._type,
            "const": lambda v, s, at: self._need(v == s, at, f"{v!r} is not {s!r}"),
            "enum": lambda v, s, at: self._need(v in s, at, f"{v!r} is none of {s!r}"),
            "pattern": lambda v, s, at: self._need(
                not isinstance(v, str) or re.search(s, v), at, f"{v!r} does not match {s!r}"),
            "minimum": lambda v, s, at: self._need(
                not _TYPES["number"](v) or v >= s, at, f"{v!r} is below {s}"),
            "anyOf": self._any_of,
        }

    def check(self, value):
        self._check(value, self.root, "$", True)

    def _check(self, value, schema, at, closed):
        for keyword, argument in schema.items():
            if keyword in self.keywords:
                self.keywords[keyword](value, argument, at)
            elif keyword != "properties" and keyword not in _NOTES:
                raise Invalid(f"unknown keyword {keyword} in the schema")
        if isinstance(value, dict):
            self._members(value, schema, at, closed)
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                self._check(item, schema["items"], f"{at}[{index}]", True)

    def _members(self, value, schema, at, closed):
        for name in schema.get("required", ()):
            self._need(name in value, at, f"no member {name}")
        properties = schema.get("properties")
        if properties is None:
            return
        for name, member in value.items():
            if name in properties:
                self._check(member, properties[name], f"{at}.{name}", closed)
            elif closed:
                raise Invalid(f"{at}: member {name} is not described")

    def _type(self, value, names, at):
        names = [names] if isinstance(names, str) else names
        self._need(any(_TYPES[name](value) for name in names), at, f"{value!r} is no {names}")

    def _ref(self, value, ref, at):
        schema = self.root
        for part in ref.removeprefix("#/").split("/"):
            schema = schema[part]
        self._check(value, schema, at, True)

    def _any_of(self, value, schemas, at):
        errors = []
        for schema in schemas:
            try:
                self._check(value, schema, at, False)
                return
            except Invalid as error:
                errors.append(str(error))
        raise Invalid(f"{at}: none of the alternatives: {errors}")

    @staticmethod
    def _need(condition, at, text):
        if not condition:
            raise Invalid(f"{at}: {text}")
