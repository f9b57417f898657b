"""`python -m tests.generators.regen` writes the golden projects and the API's description anew."""

import shutil

from promptstudio_generators.write import write
from tests.functions import api_document
from tests.generators.projects import GOLDEN, golden_files, golden_targets


def main() -> None:
    """Replace every golden folder by what its generator makes now, and docs/openapi.json."""
    for target in golden_targets():
        shutil.rmtree(GOLDEN / target, ignore_errors=True)
        write(golden_files(target), GOLDEN / target)
    api_document.FILE.write_text(api_document.api_document(), encoding="utf-8")


if __name__ == "__main__":
    main()
