"""Check REST requests against Discord's own OpenAPI description, where it lies beside the repository.

    assert violations("POST", "/channels/1/messages", {"content": "hi"}) == []
    assert violations_of(playground.requests) == []

The description is looked for at $DISCORD_OPENAPI, then at ../shared/discord/openapi.json. Where there is none,
the calling test is skipped and says so. It knows nothing of several limits; the playground enforces those.
"""

import json
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it publishes no types
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # it publishes no types
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_URI = "urn:discord"
_BESIDE = Path(__file__).parents[2] / "shared" / "discord" / "openapi.json"


class Request(Protocol):
    """What the playground records of a request."""

    @property
    def method(self) -> str:
        """The verb."""

    @property
    def path(self) -> str:
        """What follows /api/v10, with its query."""

    @property
    def body(self) -> Any:
        """The JSON body, or the payload_json of a form; None without one."""


def violations(method: str, path: str, body: Any) -> list[str]:
    """Say what Discord's description does not allow in a request body; skips the test without a description."""
    description = _description()
    operation = description.operation(method, path)
    if operation is None:
        return [f"{method} {path}: Discord has no such operation"]
    if body is None:
        return []
    return [f"{method} {path}: {found}" for found in _in_body(*operation, json.dumps(body))]


def violations_in_answer(method: str, path: str, status: int, body: Any) -> list[str]:
    """Say what Discord's description does not find in an answer; skips the test without a description."""
    description = _description()
    operation = description.operation(method, path)
    if operation is None:
        return [f"{method} {path}: Discord has no such operation"]
    pointer = description.answer_schema(*operation, status)
    if pointer is None:
        return [] if body is None else [f"{method} {path}: Discord answers no {status} with a body"]
    validator = description.validator(pointer)
    return [f"{method} {path}: {_explained(error)}" for error in validator.iter_errors(body)]


@cache
def _in_body(template: str, verb: str, body: str) -> tuple[str, ...]:
    """Say what is wrong with a body; every stage sends the same commands, and looking at them takes a while."""
    description = _description()
    pointer = description.body_schema(template, verb)
    if pointer is None:
        return ("Discord expects no JSON body",)
    return tuple(map(_explained, description.validator(pointer).iter_errors(json.loads(body))))


def violations_of(requests: Iterable[Request]) -> list[str]:
    """Say what is wrong with any of the recorded requests."""
    return [found for r in requests for found in violations(r.method, r.path, r.body)]


def described() -> bool:
    """Tell whether Discord's description is at hand."""
    return _place().is_file()


class _Description:
    """Hold the parsed description, and find operations and schemas in it."""

    def __init__(self, document: dict[str, Any]) -> None:
        # Discord takes ids as JSON integers too, and libraries send them; the description says string.
        document["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
        self._paths: dict[str, Any] = document["paths"]
        resource = DRAFT202012.create_resource(document)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        # Fewer parameters first, so that /users/@me is not read as a /users/{user_id}.
        by_parameters = sorted(self._paths, key=lambda template: template.count("{"))
        self._patterns = [(_pattern(template), template) for template in by_parameters]

    def operation(self, method: str, path: str) -> tuple[str, str] | None:
        """Find the path template and the verb that describe a request."""
        plain = path.partition("?")[0]
        for pattern, template in self._patterns:
            if pattern.fullmatch(plain) and method.lower() in self._paths[template]:
                return template, method.lower()
        return None

    def body_schema(self, template: str, verb: str) -> str | None:
        """Give the JSON pointer of an operation's JSON body; None where it takes none."""
        content = self._paths[template][verb].get("requestBody", {}).get("content", {})
        for kind in ("application/json", "multipart/form-data"):
            if kind in content:
                steps = ("paths", template, verb, "requestBody", "content", kind, "schema")
                return "".join(f"/{_escaped(step)}" for step in steps)
        return None

    def answer_schema(self, template: str, verb: str, status: int) -> str | None:
        """Give the JSON pointer of an operation's JSON answer; None where it has none for this status."""
        answers = self._paths[template][verb]["responses"]
        if "application/json" not in answers.get(str(status), {}).get("content", {}):
            return None
        steps = ("paths", template, verb, "responses", str(status), "content", "application/json", "schema")
        return "".join(f"/{_escaped(step)}" for step in steps)

    def validator(self, pointer: str) -> Draft202012Validator:
        """Make the validator of one schema of the document."""
        return Draft202012Validator({"$ref": f"{_URI}#{pointer}"}, registry=self._registry)


def _place() -> Path:
    return Path(os.environ.get("DISCORD_OPENAPI") or _BESIDE)


@cache
def _description() -> _Description:
    place = _place()
    if not place.is_file():
        pytest.skip(f"Discord's OpenAPI description is not at {place}")
    return _Description(json.loads(place.read_text()))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", template)))


def _escaped(step: str) -> str:
    pointer = step.replace("~", "~0").replace("/", "~1")
    return pointer.replace("{", "%7B").replace("}", "%7D").replace("@", "%40")


def _explained(error: Any) -> str:
    """Give the innermost cause of an error, with the place in the body."""
    cause = best_match([error]) or error
    place = "/".join(map(str, cause.absolute_path)) or "the body"
    return f"{place}: {cause.message[:200]}"
