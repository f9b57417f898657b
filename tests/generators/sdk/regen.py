"""`python -m tests.generators.sdk.regen` writes what is made of other files anew: the synchronous half of the
Python SDK's runtime, and the golden Python package."""

import shutil

from promptstudio_generators.write import write
from tests.generators.sdk import derive_sync
from tests.generators.sdk.python.golden import GOLDEN, golden_files


def main() -> None:
    derive_sync.main()
    shutil.rmtree(GOLDEN, ignore_errors=True)
    write(golden_files(), GOLDEN)


if __name__ == "__main__":
    main()
