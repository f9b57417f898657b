"""The shapes of a parsed template: nodes and expressions, as docs/bundle.md describes them."""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from promptstudio.values import Json

Position: TypeAlias = list[int]
"""`[line, column]` in the file, both from 1, in code points."""


class LiteralExpression(TypedDict):
    type: Literal["literal"]
    value: Json


class UndefinedExpression(TypedDict):
    type: Literal["undefined"]


class PathExpression(TypedDict):
    type: Literal["path"]
    up: int
    names: list[str]


class DataExpression(TypedDict):
    type: Literal["data"]
    up: int
    name: str
    names: list[str]


class ParameterExpression(TypedDict):
    type: Literal["parameter"]
    name: str
    names: list[str]


class CallExpression(TypedDict):
    type: Literal["call"]
    helper: str
    arguments: "list[Expression]"
    hash: NotRequired["Hash"]


Expression: TypeAlias = (
    LiteralExpression
    | UndefinedExpression
    | PathExpression
    | DataExpression
    | ParameterExpression
    | CallExpression
)
Hash: TypeAlias = dict[str, Expression]


class TextNode(TypedDict):
    type: Literal["text"]
    text: str


class ValueNode(TypedDict):
    type: Literal["value"]
    value: Expression
    at: Position


BlockNode = TypedDict(
    "BlockNode",
    {
        "type": Literal["block"],
        "helper": str,
        "arguments": list[Expression],
        "hash": NotRequired[Hash],
        "parameters": NotRequired[list[str]],
        "body": "list[Node]",
        "else": NotRequired["list[Node]"],
        "at": Position,
    },
)


class PartialNode(TypedDict):
    type: Literal["partial"]
    name: str
    context: NotRequired[Expression]
    hash: NotRequired[Hash]
    indent: NotRequired[str]
    at: Position


class RoleNode(TypedDict):
    type: Literal["role"]
    role: str
    at: Position


class HistoryNode(TypedDict):
    type: Literal["history"]
    at: Position


class SectionNode(TypedDict):
    type: Literal["section"]
    name: str
    at: Position


class MediaNode(TypedDict):
    type: Literal["media"]
    url: NotRequired[Expression]
    content_type: NotRequired[Expression]
    at: Position


MarkNode: TypeAlias = RoleNode | HistoryNode | SectionNode | MediaNode
Node: TypeAlias = TextNode | ValueNode | BlockNode | PartialNode | MarkNode
