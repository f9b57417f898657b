"""`python -m tests.generators.regen` writes the golden projects anew."""

import shutil

from promptstudio_generators.write import write
from tests.generators.projects import GOLDEN, golden_files, golden_targets


def main() -> None:
    """Replace every golden folder by what its generator makes now."""
    for target in golden_targets():
        shutil.rmtree(GOLDEN / target, ignore_errors=True)
        write(golden_files(target), GOLDEN / target)


if __name__ == "__main__":
    main()
