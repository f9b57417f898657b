"""AWS Lambda behind API Gateway: a Python project that SAM deploys."""

from collections.abc import Mapping

from promptstudio.values import Json
from promptstudio_generators.names import function_name
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.python_project import context_of, project_files

_MODULES = ("promptstudio.lambda_target", "promptstudio.endpoint.run_metrics", "promptstudio.log_lines")


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    context = {**context_of(bundle, options), "name": function_name(options.name)}
    return project_files(["aws-sam"], bundle, context, _MODULES, "src/")
