"""Harbor's API with every answer checked against its description: statuses, schemas, headers, the error envelope.

The description is `HARBOR_API`, else `../shared/reference/harbor-api-v2.0.yaml` beside the project. Without it answers are
taken as they come, and `Description.need` skips, with the reason, what is about them.
"""

import copy
import datetime
import functools
import json
import os
import re
import urllib.parse
from pathlib import Path

import jsonschema
import pytest
import requests
import yaml

from . import programs
from .accounts import ADMIN, Harbor
from .raw import error_codes

ADDITION = "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}"
# What any operation may answer beside what its description lists: a request that breaks the rules of all of them.
ALWAYS = {400, 401, 403, 404, 405, 409, 412, 413, 415, 429, 501}

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_time(text: object) -> bool:
    return not isinstance(text, str) or datetime.datetime.fromisoformat(text).tzinfo is not None


class Description:
    """Harbor's API as it is described (Swagger 2)."""

    def __init__(self, path: Path):
        self.document = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.definitions = {name: self._strict(schema) for name, schema in self.document["definitions"].items()}
        self.operations = []
        for template, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if method != "parameters":
                    self.operations.append((method.upper(), template.rstrip("/"), operation))
        # A fixed word before a parameter, where both fit.
        self.operations.sort(key=lambda one: [part.startswith("{") for part in one[1].split("/")])

    @staticmethod
    @functools.cache
    def find() -> "Description | None":
        path = Path(os.environ.get("HARBOR_API") or programs.ROOT.parent / "shared/reference/harbor-api-v2.0.yaml")
        return Description(path) if path.exists() else None

    @staticmethod
    def need() -> "Description":
        found = Description.find()
        if found is None:
            pytest.skip(programs.MISSING + "Harbor's API description (set HARBOR_API to its path)")
        return found

    @classmethod
    def _strict(cls, schema: dict) -> dict:
        """JSON Schema for a schema of the description: what it does not know is wrong, what may be null says so."""
        if isinstance(schema, list):
            return [cls._strict(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        if cls._is_free(schema):
            return {}
        strict = {key: value if key in ("enum", "example", "default") else cls._strict(value) for key, value in schema.items()}
        if "properties" in schema and isinstance(schema["properties"], dict):
            strict.setdefault("additionalProperties", False)
        if schema.get("x-nullable") and isinstance(schema.get("type"), str):
            strict["type"] = [schema["type"], "null"]
        return strict

    def as_meant(self) -> dict:
        """The description with what it says otherwise than Harbor does put right, for programs that take it by the letter."""
        document = copy.deepcopy(self.document)
        document["definitions"] = {name: self._free(schema) for name, schema in document["definitions"].items()}
        for methods in document["paths"].values():
            for operation in methods.values():
                if "produces" in operation:
                    # Refusals are JSON as everywhere.
                    operation["produces"] = [*operation["produces"], "application/json"]
        # Each addition has a type of its own: JSON, YAML or Markdown.
        addition = document["paths"][ADDITION]["get"]
        addition["produces"] = ["application/json", "text/plain", "text/markdown"]
        addition["responses"]["200"].pop("schema")
        return document

    @classmethod
    def _free(cls, schema: object) -> object:
        if isinstance(schema, list):
            return [cls._free(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        return {} if cls._is_free(schema) else {key: cls._free(value) for key, value in schema.items()}

    @staticmethod
    def _is_free(schema: dict) -> bool:
        """Go's `interface{}`: Harbor answers with texts, numbers and lists there (`extra_attrs`, a setting's value)."""
        return schema.get("type") == "object" and not {"properties", "additionalProperties", "allOf", "$ref"} & schema.keys()

    def operation(self, method: str, path: str) -> tuple[str, dict] | None:
        """The operation that a request is for, and its id."""
        parts = path.rstrip("/").split("/")
        for verb, template, operation in self.operations:
            names = template.split("/")
            if verb == method and len(names) == len(parts):
                if all(name.startswith("{") or name == part for name, part in zip(names, parts, strict=True)):
                    return operation["operationId"], operation
        return None

    def tagged(self, *tags: str) -> set[str]:
        """The ids of all operations of some groups."""
        return {operation["operationId"] for _, _, operation in self.operations if set(operation["tags"]) & set(tags)}

    def validate(self, value: object, schema: dict) -> None:
        whole = {**self._strict(schema), "definitions": self.definitions}
        jsonschema.Draft4Validator(whole, format_checker=_formats).validate(value)

    def check(self, response: requests.Response, base: str) -> str | None:
        """Fails for an answer that is not as described. The id of the operation that it is of."""
        request = response.request
        path = urllib.parse.urlsplit(request.url).path.removeprefix(urllib.parse.urlsplit(base).path)
        where = f"{request.method} {path}: {response.status_code} {response.text[:400]}"
        assert response.headers.get("X-Request-Id"), where
        found = self.operation(request.method, path)
        status = response.status_code
        if found is None:
            assert status in (404, 405), where
            error_codes(response)
            return None
        name, operation = found
        described = operation["responses"].get(str(status))
        assert described is not None or status in ALWAYS, f"{where}: {name} has no such answer"
        if status >= 400:
            if request.method != "HEAD":
                error_codes(response)
                self.validate(response.json(), {"$ref": "#/definitions/Errors"})
            return name
        if "$ref" in described:
            described = self.document["responses"][described["$ref"].rsplit("/", 1)[1]]
        headers = set(described.get("headers", {}))
        if "X-Total-Count" in headers:
            assert re.fullmatch(r"\d+", response.headers.get("X-Total-Count", "")), where
        if status == 201:
            assert response.headers.get("Location", "").startswith("/api/v2.0/"), where
        schema = described.get("schema")
        if schema is None:
            assert response.content == b"", f"{where}: it should have no body"
        elif schema.get("type") == "file":
            assert response.headers.get("Content-Disposition"), where
        elif schema.get("type") == "string" and "additions" in path:
            # Each addition has a type of its own: JSON, YAML or Markdown.
            assert response.headers["Content-Type"].startswith(("text/", "application/json")), where
        elif schema.get("type") == "string":
            assert response.headers["Content-Type"].startswith("text/plain"), where
        else:
            assert response.headers["Content-Type"].startswith("application/json"), where
            try:
                self.validate(json.loads(response.content), schema)
            except jsonschema.ValidationError as error:
                raise AssertionError(f"{where}\nis not as described at {list(error.absolute_path)}: {error.message}") from None
        return name


class CheckedHarbor(Harbor):
    """As `Harbor`; every answer is checked. `succeeded` are the operations that have answered with what was asked for."""

    def __init__(self, server, auth: tuple[str, str] | None = ADMIN, succeeded: set[str] | None = None):
        super().__init__(server, auth)
        self.description = Description.find()
        self.succeeded = set() if succeeded is None else succeeded

    def __call__(self, method: str, path: str, **options) -> requests.Response:
        response = super().__call__(method, path, **options)
        if self.description is not None:
            name = self.description.check(response, self.base)
            if name is not None and response.status_code < 400:
                self.succeeded.add(name)
        return response

    def as_user(self, auth: tuple[str, str] | None) -> "CheckedHarbor":
        """The same as somebody else; nobody for None."""
        return CheckedHarbor(self.server, auth, self.succeeded)
