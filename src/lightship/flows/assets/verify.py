"""``lightship assets verify``: a site, a directory under an nginx configuration, or a directory alone."""

import fnmatch
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from lightship.assets.kinds import is_served
from lightship.assets.output_folder import check_is_static
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.checks.directory import DIRECTORY
from lightship.assets.verify.checks.served import SERVED
from lightship.assets.verify.crawl import CrawlRequest, FileFact, FormerWanted, crawl
from lightship.assets.verify.reach import Limits, Reach, split_credentials
from lightship.assets.verify.site import Site
from lightship.assets.verify.tree import Tree, read_tree
from lightship.assets.verify.urls import normal_url, origin_of
from lightship.errors import InputError, NetworkError, UsageError
from lightship.findings import Finding, Severity
from lightship.flows.assets.verify_releases import read_releases
from lightship.flows.assets.verify_report import AssetsVerifyOutcome, CheckSummary
from lightship.progress import Progress
from lightship.store.registry.access import RegistryAccess

if TYPE_CHECKING:
    from lightship.assets.push.release import Manifest
    from lightship.assets.verify.fetch import Fetcher

__all__ = ["CHECK_NAMES", "AssetsVerifyRequest", "verify_assets"]

CHECK_NAMES: tuple[str, ...] = (*(check.name for check in DIRECTORY), *(check.name for check in SERVED))

_BUILT = "was it built? name the folder that the build wrote"
_Subject = TypeVar("_Subject")


def _no_store(source: str) -> "Iterable[Manifest]":
    raise UsageError(f"--releases {source}: no store is configured")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsVerifyRequest:
    """One call. ``target`` is an address or a directory; ``files`` is the directory that an address serves; ``base``
    the path at which a directory is served. ``cdns`` are addresses, ``releases`` sources of `read_releases`,
    ``manifests`` reads those of stores. ``only`` and ``skip`` name checks, ``ignore`` are patterns of codes, or
    ``code:location``."""

    target: str
    nginx: Path | None = None
    nginx_root: str = ""
    server: str = ""
    files: Path | None = None
    base: str = "/"
    cdns: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    manifests: "Callable[[str], Iterable[Manifest]]" = field(default=_no_store, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = field(default_factory=Limits)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Severity = "warning"

    def __post_init__(self) -> None:
        for name in (*self.only, *self.skip):
            if name not in CHECK_NAMES:
                raise UsageError(f"no such check: want one of {', '.join(CHECK_NAMES)}, got {name!r:.80}")
        if not self.base.startswith("/") or self.base.startswith("//"):  # LIGHTSHIP_BASE may be meant for `build`
            raise UsageError(f"--base: want a path such as /_next/static, got {self.base!r:.120}")
        for cdn in self.cdns:
            if not origin_of(cdn):
                raise UsageError(f"--cdn: want an address such as https://static.example, got {cdn!r:.120}")
        if self.is_site and (self.nginx is not None or self.server):
            raise UsageError("--nginx and --server go with a directory, not with an address")
        if not self.is_site and self.files is not None:
            raise UsageError("--files goes with an address: a directory is its own files")
        if not self.is_site and self.nginx is None and (self.releases or self.headers):
            raise UsageError("--releases and --header need a site, or --nginx: nothing is asked of a directory")

    @property
    def is_site(self) -> bool:
        return "://" in self.target

    def wants(self, name: str) -> bool:
        return name not in self.skip and (not self.only or name in self.only)


def verify_assets(
    request: AssetsVerifyRequest, access: RegistryAccess, progress: Progress, *, jobs: int = 2
) -> AssetsVerifyOutcome:
    """Look at all of it. Raise InputError for a target that is none, NetworkError for a site that does not answer,
    ToolError where nginx is asked for and is not there; every other fault is a finding."""
    began = time.monotonic()
    if request.is_site:
        outcome = _verify_site(request, access, progress, jobs)
    else:
        outcome = _verify_directory(request, access, progress, jobs)
    return replace(outcome, seconds=time.monotonic() - began)


def _verify_site(
    request: AssetsVerifyRequest, access: RegistryAccess, progress: Progress, jobs: int
) -> AssetsVerifyOutcome:
    if request.files is not None:
        check_is_static(request.files)
    asked, authorization = split_credentials(request.target)
    cdns = tuple(origin_of(cdn) for cdn in request.cdns)
    reach = Reach(site=origin_of(asked), cdns=cdns, headers=request.headers, authorization=authorization)
    root = _settled(asked, reach, access, request.limits)
    if (authorization or request.headers) and origin_of(root) != origin_of(asked) and not _is_upgrade(asked, root):
        raise InputError(
            f"{asked} leads to {root}, another origin, which is not given its credentials", hint="name that address"
        )
    tree = None
    if request.files is not None:
        tree = _tree(request.files, progress, urlsplit(root).path, request, jobs)
    return _served(request, replace(reach, site=origin_of(root)), root, tree, access, progress, mode="site")


def _is_upgrade(asked: str, root: str) -> bool:
    """Whether one host goes from plain HTTP to TLS, both on their own ports: who asks for that wants it so."""
    before, after = urlsplit(asked), urlsplit(root)
    own = before.port in (None, 80) and after.port in (None, 443)
    return own and (before.scheme, after.scheme) == ("http", "https")


def _settled(url: str, reach: Reach, access: RegistryAccess, limits: Limits) -> str:
    """Where the site is: under the scheme that it leads to. Raise NetworkError where it does not answer, InputError
    where it is on another host."""
    from lightship.assets.verify.fetch import Fetcher

    with Fetcher(reach, access, limits) as fetcher:
        answer = fetcher.ask(url, encoding="gzip")
    if answer.fault and not answer.status:
        raise NetworkError(answer.fault)
    found = normal_url(url, answer.hops[-1]) if answer.hops else url
    if found and urlsplit(found).hostname != urlsplit(url).hostname:
        raise InputError(f"{url} leads to {found}", hint=f"lightship assets verify {found}")
    parts = urlsplit(url)  # the path is kept: /en/ is a page of the site, and not the site
    return urlsplit(found)._replace(path=parts.path, query=parts.query).geturl() if found else url


def _verify_directory(
    request: AssetsVerifyRequest, access: RegistryAccess, progress: Progress, jobs: int
) -> AssetsVerifyOutcome:
    directory = Path(request.target)
    if not directory.exists():
        raise InputError(
            f"{directory}: want a directory of static files or an address, but there is none",
            hint=_meant(request.target),
        )
    adapted = None
    if request.nginx is not None:
        from lightship.assets.verify.nginx_adapt import NginxTrialRequest, adapt_nginx

        adapted = adapt_nginx(
            NginxTrialRequest(configuration=request.nginx, root=request.nginx_root, server=request.server)
        )
    tree = _tree(directory, progress, request.base, request, jobs)
    if adapted is None:
        checks, findings = _judged(DIRECTORY, tree, request)
        return _outcome(request, "directory", checks, findings, tree=tree)
    from lightship.assets.verify.nginx_trial import nginx_trial

    host = f"http://{request.server or 'localhost'}"
    root = normal_url(host, f"/{request.base.strip('/')}/".replace("//", "/"))
    with ExitStack() as stack:
        socket = stack.enter_context(nginx_trial(directory, adapted, str(request.nginx)))
        cdns = tuple(origin_of(cdn) for cdn in request.cdns)
        reach = Reach(site=origin_of(root), cdns=cdns, headers=request.headers, socket=socket)
        outcome = _served(request, reach, root, tree, access, progress, mode="nginx")
    return replace(outcome, notes=(*adapted.notes, *outcome.notes))


_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d{1,5})?(?:/.*)?")


def _meant(target: str) -> str | None:
    """The address that somebody may have meant who named a directory that is not there."""
    scheme, colon, rest = target.partition(":")
    if colon and scheme in ("http", "https") and rest.startswith("/"):
        return f"{scheme}://{rest.lstrip('/')}?"
    if not _HOST.fullmatch(target) or target.startswith("."):
        return None
    host = target.partition("/")[0].rpartition(":")[0] or target.partition("/")[0]
    scheme = "http" if host in ("localhost", "[::1]") or host.startswith("127.") else "https"
    return f"{scheme}://{target}?"


def _tree(directory: Path, progress: Progress, base: str, request: AssetsVerifyRequest, jobs: int) -> Tree:
    """What the checks look at. Raise InputError where that is nothing: a check of nothing is no good news."""
    check_is_static(directory)
    tree = read_tree(directory, progress, base=base, cdns=request.cdns, workers=jobs)
    if not tree.files and not tree.orphans and not tree.faults:
        raise InputError(f"{directory}: there is no file below it: nothing can be checked", hint=_BUILT)
    if not tree.faults and not tree.orphans and not any(is_served(file.path) for file in tree.files):
        raise InputError(
            f"{directory}: there is no page and no asset below it, only such as {tree.files[0].path}: nothing can be "
            "checked",
            hint=_BUILT,
        )
    return tree


def _served(
    request: AssetsVerifyRequest,
    reach: Reach,
    root: str,
    tree: Tree | None,
    access: RegistryAccess,
    progress: Progress,
    *,
    mode: str,
) -> AssetsVerifyOutcome:
    from lightship.assets.verify.fetch import Fetcher

    formers: tuple[FormerWanted, ...] = read_releases(request.releases, root, request.manifests)
    wanted = CrawlRequest(root=root, files=_facts(tree), formers=formers, others=mode == "site")
    with Fetcher(reach, access, request.limits) as fetcher:
        site = crawl(fetcher, wanted, progress)
        requests, received = _spent(fetcher)
    checks, findings = _judged(DIRECTORY, tree, request) if tree is not None else ((), ())
    more, found = _judged(SERVED, site, request)
    outcome = _outcome(request, mode, (*checks, *more), (*findings, *found), tree=tree, site=site)
    return replace(outcome, requests=requests, received_bytes=received, notes=tuple(_notes(site)))


def _spent(fetcher: "Fetcher") -> tuple[int, int]:
    return fetcher.requests, fetcher.received_bytes


def _facts(tree: Tree | None) -> dict[str, FileFact]:
    """Files that a server should give; hidden ones it should not, and source maps it need not."""
    if tree is None:
        return {}
    return {
        file.path: FileFact(sha256=file.sha256, plain_bytes=file.plain_bytes)
        for file in tree.files
        if not file.fault and not file.source_map and not _is_hidden(file.path)
    }


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") and part != ".well-known" for part in path.split("/"))


def _judged(
    checks: Sequence[Check[_Subject]], subject: _Subject, request: AssetsVerifyRequest
) -> tuple[tuple[CheckSummary, ...], tuple[Finding, ...]]:
    summaries, findings = [], []
    for check in checks:
        if request.wants(check.name):
            found = tuple(dict.fromkeys(check.run(subject)))
            summaries.append(CheckSummary(name=check.name, findings=len(found)))
            findings += [finding for finding in found if not _is_ignored(finding, request.ignore)]
    return tuple(summaries), tuple(findings)


def _is_ignored(finding: Finding, patterns: Sequence[str]) -> bool:
    names = (finding.code, f"{finding.code}:{finding.location}")
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _outcome(
    request: AssetsVerifyRequest,
    mode: str,
    checks: tuple[CheckSummary, ...],
    findings: tuple[Finding, ...],
    *,
    tree: Tree | None = None,
    site: Site | None = None,
) -> AssetsVerifyOutcome:
    target = split_credentials(request.target)[0] if request.is_site else request.target
    return AssetsVerifyOutcome(
        target=target,
        mode=mode,
        site=site,
        tree=tree,
        checks=checks,
        findings=findings,
        cdns=request.cdns,
        fail_on=request.fail_on,
    )


def _notes(site: Site) -> Iterable[str]:
    hosts: dict[str, int] = {}
    for asset in site.assets:
        if not asset.own:
            hosts[origin_of(asset.url)] = hosts.get(origin_of(asset.url), 0) + 1
    for host, count in sorted(hosts.items()):
        files = "1 file" if count == 1 else f"{count} files"
        yield f"{host} serves {files}, of which only what a page needs was looked at: --cdn {host}, if it is yours"
