"""Google Cloud Functions, 2nd gen: a Python project that gcloud deploys."""

from collections.abc import Mapping

from promptstudio.values import Json
from promptstudio_generators.names import function_name, service_account
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.python_project import context_of, project_files

_MODULES = ("promptstudio.target", "promptstudio.endpoint.run_log", "promptstudio.log_lines")
_UPSTASH_MODULES = ("promptstudio.gcf_target", *_MODULES)


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    name = function_name(options.name)
    context = {**context_of(bundle, options), "name": name, "account": service_account(name)}
    if options.store != "upstash":
        return project_files(["gcf"], bundle, context, _MODULES)
    return project_files(["gcf", "gcf-upstash"], bundle, context, _UPSTASH_MODULES)
