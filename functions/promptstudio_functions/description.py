"""The API's OpenAPI document: what FastAPI finds out, and who may call what, how, and how problems look."""

from collections.abc import Iterator
from typing import Any, Final

from promptstudio_functions.authentication import CSRF_HEADER, SESSION_COOKIE
from promptstudio_functions.permissions import RULES, Rule
from promptstudio_functions.problem_response import CONTENT_TYPE

ABOUT: Final = """
What the studio does, and whatever else a team wants done with its prompts.

Each operation names in `x-role` the least role of a member who may call it, and in `x-scope` the scope that a
key needs; `admin` includes the other scopes. On a prompt that is shared with somebody, their role is that of
the share where it is higher. What belongs to another workspace is `not_found`.

Changes of what exists take its ETag in `If-Match`. Lists have a `next_cursor` where they go on; it is sent
as `cursor`. All that goes wrong is told as `application/problem+json` (RFC 9457), by a `code`.
""".strip()

_SCHEMES: Final[dict[str, Any]] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The session of a member who has signed in.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The `csrf_token` of the session, which changes take beside the cookie.",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "An API key of the workspace: `ps_live_…`."},
}
_PROBLEM_SCHEMA: Final[dict[str, str]] = {"$ref": "#/components/schemas/Problem"}
_PROBLEM: Final[dict[str, Any]] = {
    "description": "What went wrong.",
    "headers": {
        "Retry-After": {"description": "In seconds, where waiting helps.", "schema": {"type": "integer"}},
    },
    "content": {CONTENT_TYPE: {"schema": _PROBLEM_SCHEMA}},
}
# Things that have an ETag and no id: a provider has a name, and the labels are of the prompt that has it.
_ALSO_TAGGED: Final = ("ProviderAnswer", "Listing_Label_")
_ETAG: Final[dict[str, Any]] = {
    "ETag": {"description": "What the next change takes in If-Match.", "schema": {"type": "string"}}
}


def described(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document of the API, completed; the one given is changed."""
    document["info"]["description"] = ABOUT
    components = document["components"]
    components["securitySchemes"] = _SCHEMES
    components["responses"] = {"Problem": _PROBLEM}
    schemas = components["schemas"]
    tagged = {f"#/components/schemas/{name}" for name in schemas if _is_tagged(name, schemas[name])}
    for method, path, operation in operations(document):
        rule = RULES[method.upper(), path]
        _describe(operation, rule)
        operation["security"] = list(_security(rule, method))
        _plain_inputs(operation)
        _complete_responses(operation["responses"], tagged)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation of a document, with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _describe(operation: dict[str, Any], rule: Rule) -> None:
    """The first sentence of the docstring as the summary, and all of it with who may as the description."""
    text = " ".join(operation["description"].split())
    operation["summary"] = text.partition(". ")[0].rstrip(".")
    operation["description"] = f"{text}\n\n{_who_may(rule)}"
    if rule.role is not None:
        operation["x-role"] = rule.role.name
    if rule.scope is not None:
        operation["x-scope"] = rule.scope.value


def _who_may(rule: Rule) -> str:
    if rule.public:
        return "Takes neither a session nor a key."
    ways = []
    if rule.role is not None:
        ways.append(f"a member with the role `{rule.role.name}` or a higher one")
    if rule.scope is not None:
        ways.append(f"a key with the scope `{rule.scope.value}`")
    return f"For {', or '.join(ways)}."


def _security(rule: Rule, method: str) -> Iterator[dict[str, list[str]]]:
    if rule.role is not None:
        csrf: dict[str, list[str]] = {} if method == "get" else {"csrf": []}
        yield {"session": [rule.role.name], **csrf}
    if rule.scope is not None:
        yield {"key": [rule.scope.value]}


def _plain_inputs(operation: dict[str, Any]) -> None:
    """Say of a parameter or a body that may be left out no more than that: neither can be null."""
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    for place in (*operation.get("parameters", []), *bodies):
        schema = place["schema"]
        kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
        if len(kinds) == 1:
            place["schema"] = {name: value for name, value in schema.items() if name != "anyOf"} | kinds[0]


def _complete_responses(responses: dict[str, Any], tagged: set[str]) -> None:
    for status, response in responses.items():
        if status in ("4XX", "5XX"):
            responses[status] = {"$ref": "#/components/responses/Problem"}
            continue
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        if schema.get("$ref") in tagged:
            response["headers"] = _ETAG | response.get("headers", {})


def _is_tagged(name: str, schema: dict[str, Any]) -> bool:
    """Whether this is a thing of its own, which is answered with its ETag."""
    return "id" in schema.get("required", ()) or name in _ALSO_TAGGED
