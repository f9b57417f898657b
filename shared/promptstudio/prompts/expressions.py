"""Parses what stands inside a tag: paths, literals, calls of helpers and their arguments."""

from dataclasses import dataclass
from typing import Final

from promptstudio.errors import BOUNDS
from promptstudio.prompts.scanner import TemplateError, Token, Tokens
from promptstudio.prompts.scope import Path, Scope
from promptstudio.prompts.tree import CallExpression, Expression, Hash
from promptstudio.values import InvalidJsonError, Json, normalize, to_text

BLOCK_HELPERS: Final = {"if": 1, "unless": 1, "each": 1, "with": 1, "ifEquals": 2, "unlessEquals": 2}
CALL_HELPERS: Final = {"json": 1, "lookup": 2}
MARK_HELPERS: Final = {"role": 1, "history": 0, "section": 1, "media": 0}
"""Each helper and the number of its arguments: those with a body, those that give a value, and those that
shape the messages."""

_IDENTIFIERS: Final = frozenset({"name", "segment", "parent", "here"})
_LITERALS: Final = frozenset({"string", "number", "boolean", "undefined", "null"})
_ARGUMENTS: Final = _IDENTIFIERS | _LITERALS | {"data", "open_call"}
_COUNTS: Final = ("no argument", "one argument", "two arguments")


@dataclass(frozen=True, slots=True)
class Call:
    """A path with arguments, before it is known whether it names a helper."""

    path: Path
    arguments: list[Expression]
    hash: Hash

    @property
    def bare(self) -> bool:
        return not self.arguments and not self.hash


class ExpressionParser:
    """Takes expressions off the tokens. `variables` collects the prompt's variables and where they stand."""

    def __init__(self, tokens: Tokens) -> None:
        self.variables: list[tuple[str, int]] = []
        self._tokens = tokens

    def call(self, scope: Scope) -> Call:
        """A path or literal and its arguments: what a tag or a parenthesis holds."""
        path = self.path()
        arguments: list[Expression] = []
        while self._tokens.current.kind in _ARGUMENTS and self._tokens.following.kind != "equals":
            arguments.append(self._argument(scope))
        return Call(path, arguments, self._hash(scope))

    def path(self) -> Path:
        """A path, or the literal in its place, which then is a name: `{{"first name"}}`."""
        token = self._tokens.current
        if token.kind in _LITERALS:
            self._tokens.take()
            name = token.text if token.kind in ("undefined", "null") else to_text(self._value(token))
            return Path(name, [name], 0, data=False, offset=token.offset)
        if token.kind == "data":
            self._tokens.take()
        return self._segments(token, data=token.kind == "data")

    def parameters(self) -> list[str]:
        """The names between `as |` and `|`, where there are any."""
        names: list[str] = []
        if self._tokens.current.kind != "open_parameters":
            return names
        self._tokens.take()
        while self._tokens.current.kind == "name":
            token = self._tokens.take()
            if token.text in names:
                raise self._tokens.error(f"the block parameter {token.text} stands here twice", token)
            names.append(token.text)
        if not names or self._tokens.current.kind != "close_parameters":
            raise self._tokens.error("block parameters are names between two bars: as |item index|")
        self._tokens.take()
        return names

    def called(self, call: Call, scope: Scope) -> CallExpression:
        """The call of a helper that gives a value."""
        name = self.helper(call, scope)
        if name in BLOCK_HELPERS:
            raise self.error(f"{name} needs a body: write {{{{#{name} …}}}}…{{{{/{name}}}}}", call)
        if name in MARK_HELPERS:
            raise self.error(f"{name} gives no value: it stands in a tag of its own", call)
        self.check_arguments(call, CALL_HELPERS[name])
        expression: CallExpression = {"type": "call", "helper": name, "arguments": call.arguments}
        if call.hash:
            expression["hash"] = call.hash
        return expression

    def helper(self, call: Call, scope: Scope) -> str:
        """The helper that a call names; raises TemplateError where there is none."""
        name = call.path.original
        if call.path.simple and name in scope.parameters:
            raise self.error(f"{name} is a block parameter here, which takes no arguments", call)
        if call.path.simple and name == "log":
            raise self.error("log is not supported: a prompt has nowhere to write to", call)
        if not call.path.simple or not is_helper(name):
            known = ", ".join(sorted({*BLOCK_HELPERS, *CALL_HELPERS, *MARK_HELPERS}))
            raise self.error(f"there is no helper {name}; there are {known}", call)
        return name

    def check_arguments(self, call: Call, count: int) -> None:
        if len(call.arguments) != count:
            has = len(call.arguments)
            here = _COUNTS[has] if has < len(_COUNTS) else f"{has} arguments"
            raise self.error(f"{call.path.original} takes {_COUNTS[count]}, but has {here} here", call)

    def error(self, message: str, call: Call) -> TemplateError:
        return self._tokens.source.error(message, call.path.offset)

    def use(self, path: Path, scope: Scope) -> Expression:
        """What a path stands for; notes the variable it uses."""
        expression = path.expression(scope)
        variable = scope.variable(expression)
        if variable is not None:
            self.variables.append((variable, path.offset))
        return expression

    def _argument(self, scope: Scope) -> Expression:
        token = self._tokens.current
        if token.kind == "open_call":
            return self._parenthesis(scope.deeper())
        if token.kind == "undefined":
            self._tokens.take()
            return {"type": "undefined"}
        if token.kind in _LITERALS:
            return {"type": "literal", "value": self._value(self._tokens.take())}
        return self.use(self.path(), scope)

    def _parenthesis(self, scope: Scope) -> Expression:
        opening = self._tokens.take()
        check_depth(self._tokens, scope, opening)
        call = self.call(scope)
        if self._tokens.current.kind != "close_call":
            raise self._tokens.error("this ( is never closed with )", opening)
        self._tokens.take()
        return self.called(call, scope)

    def _hash(self, scope: Scope) -> Hash:
        """The `name=value` pairs, in the order in which Handlebars assigns them: from the last to the first,
        so that the first of two with one name holds. A literal `undefined` assigns nothing."""
        pairs: list[tuple[str, Expression]] = []
        while self._tokens.current.kind in _IDENTIFIERS and self._tokens.following.kind == "equals":
            name = _unbracketed(self._tokens.take())
            self._tokens.take()
            if self._tokens.current.kind not in _ARGUMENTS:
                raise self._tokens.error(f"{name}= has no value")
            pairs.append((name, self._argument(scope)))
        if pairs and self._tokens.current.kind in _ARGUMENTS:
            raise self._tokens.error("arguments come before name=value pairs")
        return {name: value for name, value in dict(reversed(pairs)).items() if value["type"] != "undefined"}

    def _segments(self, start: Token, *, data: bool) -> Path:
        original = "@" if data else ""
        names: list[str] = []
        up = 0
        while True:
            token = self._identifier()
            name = _unbracketed(token)
            original += name
            if token.kind in ("parent", "here") or token.text == "this":
                if names:
                    raise self._tokens.error(
                        f"{original} is no path: {name} may only stand at its start", start
                    )
                up += token.kind == "parent"
            else:
                names.append(name)
            if self._tokens.current.kind != "separator":
                return Path(original, names, up, data, start.offset)
            original += self._tokens.take().text

    def _identifier(self) -> Token:
        token = self._tokens.current
        if token.kind in _LITERALS and token.kind != "string":
            raise self._tokens.error(f"write [{token.text}] to use {token.text} as a name in a path")
        if token.kind not in _IDENTIFIERS:
            raise self._tokens.unexpected("a name")
        return self._tokens.take()

    def _value(self, token: Token) -> Json:
        if token.kind == "string":
            return token.text
        if token.kind == "number":
            return self._number(token)
        return {"true": True, "false": False}.get(token.text)

    def _number(self, token: Token) -> Json:
        try:
            return normalize(float(token.text) if "." in token.text else int(token.text))
        except (InvalidJsonError, ValueError):
            raise self._tokens.error("this number is beyond the range of a double", token) from None


def is_helper(name: str) -> bool:
    return name in BLOCK_HELPERS or name in CALL_HELPERS or name in MARK_HELPERS


def check_depth(tokens: Tokens, scope: Scope, token: Token) -> None:
    """Refuse to nest deeper than a template can be rendered."""
    if scope.depth > BOUNDS["render_depth"]:
        raise tokens.error(f"the template nests deeper than {BOUNDS['render_depth']} levels here", token)


def _unbracketed(token: Token) -> str:
    return token.text[1:-1] if token.kind == "segment" else token.text
