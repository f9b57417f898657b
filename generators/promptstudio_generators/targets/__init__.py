"""The clouds that a bundle can be generated for: one row and one folder of templates each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.targets import aws_sam, cloudflare, gcf, vercel
from promptstudio_generators.targets.options import OptionError, StoreName, TargetOptions
from promptstudio_generators.targets.prompts import prompts_with


@dataclass(frozen=True, slots=True)
class Target:
    """A row: what writes the project, and where that can keep state (the default first)."""

    generate: Callable[[Mapping[str, Json], TargetOptions], dict[str, str]]
    stores: tuple[StoreName, ...]
    takes_domain: bool = False


TARGETS: Final[Mapping[str, Target]] = {
    "aws-sam": Target(aws_sam.generate, ("dynamodb", "none")),
    "cloudflare": Target(cloudflare.generate, ("durable-objects", "none"), takes_domain=True),
    "gcf": Target(gcf.generate, ("none", "upstash")),
    "vercel": Target(vercel.generate, ("none", "upstash")),
}


def generate(target: str, bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """A complete project for `target` (a row of TARGETS), as text by relative path.

    Pure: the same bundle and options give the same bytes. Raises OptionError where the target cannot do what
    the options or the prompts ask for, and UnfitNameError where the bundle names a prompt or an environment
    variable in a way that the compiler would have refused.
    """
    row = TARGETS[target]
    store = _store(target, options)
    if store == "none":
        _refuse_limits(target, bundle)
    if options.domain is not None and not row.takes_domain:
        takers = ", ".join(name for name, other in TARGETS.items() if other.takes_domain)
        raise OptionError(
            f"The target {target} takes no domain.",
            f"--domain is for {takers}; elsewhere a domain is set when the project is deployed.",
        )
    return row.generate(bundle, replace(options, store=store))


def _store(target: str, options: TargetOptions) -> StoreName:
    stores = TARGETS[target].stores
    if options.store is None:
        return stores[0]
    if options.store not in stores:
        raise OptionError(
            f'The target {target} has no store "{options.store}".', f"Stores: {', '.join(stores)}."
        )
    return options.store


def _refuse_limits(target: str, bundle: Mapping[str, Json]) -> None:
    """A limit that counts nowhere would let everybody through."""
    limited = prompts_with(bundle, "limits")
    if not limited:
        return
    default, *others = TARGETS[target].stores
    change = f"Generate with --store {others[0]}" if default == "none" else "Leave --store none out"
    raise OptionError(
        f"Without a store the target {target} cannot count runs, and these prompts have limits: "
        f"{', '.join(limited)}.",
        f"{change}, or take the limits out of the prompts.",
    )
