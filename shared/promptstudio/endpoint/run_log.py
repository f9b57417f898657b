"""A journal that tells of each run in the log: what ran, how it ended, what it took and what it cost."""

import logging
from typing import Final

from promptstudio.endpoint.gate import ABORTED, OK, Ended
from promptstudio.log_lines import MEMBERS
from promptstudio.values import Json

logger: Final = logging.getLogger(__name__)


class RunLog:
    """Writes a line for each run. What was sent and answered stands in none, nor who the end user was."""

    async def record(self, ended: Ended) -> None:
        level = logging.INFO if ended.code in (OK, ABORTED) else logging.WARNING
        logger.log(level, "run", extra={MEMBERS: members(ended)})


def members(ended: Ended) -> dict[str, Json]:
    """What a line says of a run."""
    run = ended.run
    line: dict[str, Json] = {
        "run_id": "run_" + run.id,
        "prompt": run.prompt,
        "version": run.version.number,
        "model": run.version.model,
        "cache": run.cache,
        "code": ended.code,
        "streamed": ended.streamed,
        "duration_ms": round(ended.took_s * 1000, 1),
    }
    if ended.outcome is not None:
        line["input_tokens"] = ended.outcome.usage.input
        line["output_tokens"] = ended.outcome.usage.output
        line["cost_usd"] = ended.outcome.cost_usd
    return line
