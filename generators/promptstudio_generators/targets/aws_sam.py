"""AWS Lambda behind API Gateway: a Python project that SAM deploys."""

from collections.abc import Mapping
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import function_name
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.python_project import context_of, project_files

_MODULES: Final = ("promptstudio.lambda_target", "promptstudio.lambda_log")
# Parameter Store takes no path that begins with "aws" or "ssm", as a project's name may.
_SECRETS_FOLDER: Final = "/promptstudio"
_STORE_MODULES: Final = ("promptstudio.lambda_store", *_MODULES)


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    name = function_name(options.name)
    context = {**context_of(bundle, options), "name": name, "secrets_path": f"{_SECRETS_FOLDER}/{name}"}
    modules = _STORE_MODULES if options.store == "dynamodb" else _MODULES
    return project_files(["aws-sam"], bundle, context, modules, "src/")
