"""What drop rules left out, as numbers; apart from the rules, which a build without a layer of packages never reads."""

from collections.abc import Iterable

from lightship.findings import Safety
from lightship.plan.model import Dropped
from lightship.values import dataclass

__all__ = ["Loss", "losses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one rule left out of an image."""

    rule: str
    safety: Safety
    files: int
    unpacked_bytes: int


def losses(dropped: Iterable[Dropped]) -> tuple[Loss, ...]:
    """Files and bytes for each rule, most bytes first."""
    found: dict[str, Loss] = {}
    for drop in dropped:
        before = found.get(drop.rule)
        found[drop.rule] = Loss(
            rule=drop.rule,
            safety=drop.safety,
            files=(before.files if before else 0) + 1,
            unpacked_bytes=(before.unpacked_bytes if before else 0) + drop.unpacked_bytes,
        )
    return tuple(sorted(found.values(), key=lambda loss: (-loss.unpacked_bytes, loss.rule)))
