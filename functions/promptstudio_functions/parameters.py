"""What routes take from paths, queries and headers."""

from typing import Annotated, Final

from fastapi import Header, Path, Query

from promptstudio.workspaces.given import PARTIAL_NAME
from promptstudio.workspaces.versions import NUMBER_MAX

_ID: Final = "^[a-z]{2,8}_[0-9A-Za-z]{1,64}$"

Id = Annotated[str, Path(alias="id", pattern=_ID)]
"""The id of a record."""

MemberId = Annotated[str, Path(alias="member", pattern=_ID)]
"""The id of a member, beside another parameter."""

PromptPath = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,62}$")]
"""The name of a prompt."""

LabelPath = Annotated[str, Path(alias="label", pattern="^[a-z][a-z0-9-]{0,62}$")]
"""The name of a label."""

PartialPath = Annotated[str, Path(alias="name", pattern=PARTIAL_NAME)]
"""The name of a partial."""

Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
"""The number of a version."""

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=2000)]
IfMatch = Annotated[str | None, Header()]
