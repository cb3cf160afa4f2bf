"""``lightship build`` for several platforms: one index of images that share what they can.

The image for this machine is made first: its interpreter compiles the others' bytecode, and what its start showed
holds for all.
"""

import functools
import json

from lightship.flows.build import Built, ImageBuild, build
from lightship.flows.deliver import deliver_index
from lightship.flows.outcome import BuildOutcome, IndexOutcome
from lightship.flows.phases import Phases
from lightship.flows.request import BuildRequest
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.select import host_platform

__all__ = ["PLANS_SCHEMA", "build_all"]

PLANS_SCHEMA = "lightship/plans/1"


def build_all(request: BuildRequest, cache: Cache, progress: Progress) -> BuildOutcome | IndexOutcome | str:
    """What ``request`` asks for: one image as `lightship.flows.build.build` makes it, or an index of one image for each
    platform; with ``plan_only`` the plan, or of several a JSON document of their ``plans`` in the index's order."""
    platforms = request.platforms
    if len(platforms) < 2:
        return build(request, cache, progress)
    phases = Phases()
    with phases("plan"):
        work = ImageBuild(request, cache, progress, phases)
    made: dict[Platform, Built] = {}
    plans: dict[Platform, str] = {}
    ours = [platform for platform in platforms if platform.machine == host_platform().machine]
    for platform in sorted(platforms, key=lambda platform: platform not in ours):
        kin = next((made[each] for each in ours if each in made), None)
        built = work.make(platform, functools.partial(work.lower_of, kin))
        if isinstance(built, str):
            plans[platform] = built
        else:
            made[platform] = built
    if plans:
        documents = ",\n".join(plans[platform] for platform in platforms)
        return f'{{"schema":{json.dumps(PLANS_SCHEMA)},"plans":[\n{documents}\n]}}'
    for built in made.values():
        work.settle(built)
    images = [(platform, made[platform].image, made[platform].outcome) for platform in platforms]
    return deliver_index(images, request, cache, phases, progress)
