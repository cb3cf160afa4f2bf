"""How object stores and CDNs are reached, and whose keys open them. The environment is given, never
read. No key is ever in a ``repr``.

Order for S3: variables, then the profile of ``~/.aws`` (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html,
2026-11), then what obstore finds by itself: a web identity, a container's or an instance's role.
"""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lightship.assets.push.target import Scheme, Target, check_address
from lightship.errors import InputError, UsageError

__all__ = ["Keys", "StoreAccess", "keys_for", "keys_hint", "s3_settings", "store_access"]

_GUIDE = "docs/guides/assets-push.md"

_VARIABLES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "s3": (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", ("AWS_SESSION_TOKEN",)),),
    "oss": (
        ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", ("OSS_SESSION_TOKEN", "OSS_STS_TOKEN")),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", ("ALIBABA_CLOUD_SECURITY_TOKEN",)),
    ),
    "cos": (
        ("COS_SECRET_ID", "COS_SECRET_KEY", ("COS_SESSION_TOKEN",)),
        ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", ("TENCENTCLOUD_SESSION_TOKEN",)),
    ),
    "r2": (("R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", ()),),
}
"""Key, secret and token; of each scheme the first pair that is set. R2's customers keep its keys as AWS's too."""
_PLACES = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "oss": "OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET",
    "cos": "COS_SECRET_ID and COS_SECRET_KEY",
    "r2": "R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
}
"""Where people keep what a store asks for, by its scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a request is signed with; ``token`` belongs to keys that end one day."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAccess:
    """What a user gives. ``endpoint`` and ``region`` are as on the command line; ``profile_files`` are AWS's two, the
    credentials first. A request is tried again ``retries`` times within ``retry_timeout_s``, first after
    ``backoff_s``. ``purge_endpoint`` is where a CDN's interface is, when not where its owner has it."""

    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    profile_files: tuple[Path, ...] = ()
    endpoint: str | None = None
    region: str | None = None
    purge_endpoint: str | None = None
    ca_file: Path | None = None
    timeout_s: float = 300.0
    connect_timeout_s: float = 10.0
    retries: int = 5
    retry_timeout_s: float = 120.0
    backoff_s: float = 0.5

    def endpoint_for(self, scheme: Scheme) -> str | None:
        """The address of the store's interface, None for its owner's own."""
        if self.endpoint is not None or scheme != "s3":
            return self.endpoint
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
        named = next((self.environ[name] for name in variables if self.environ.get(name)), None)
        return named or self.profile().get("endpoint_url")

    def plain_http(self, scheme: Scheme) -> bool:
        """Whether the interface's address says http: whoever writes that means it."""
        return urlsplit(self.endpoint_for(scheme) or "").scheme == "http"

    def region_for(self, scheme: Scheme) -> str | None:
        """The region where one is said: the flag, a variable, the profile."""
        if self.region is not None:
            return self.region
        names = {
            "s3": ("AWS_REGION", "AWS_DEFAULT_REGION"),
            "oss": ("OSS_REGION", "ALIBABA_CLOUD_REGION_ID"),
            "cos": ("COS_REGION", "TENCENTCLOUD_REGION"),
        }.get(scheme, ())
        named = next((self.environ[name] for name in names if self.environ.get(name)), None)
        return named or (self.profile().get("region") if scheme == "s3" else None)

    def profile(self) -> dict[str, str]:
        """What the files say about the profile that is chosen; both know it under slightly different names."""
        chosen = self.environ.get("AWS_PROFILE") or self.environ.get("AWS_DEFAULT_PROFILE")
        found: dict[str, str] = {}
        for file in reversed(self.profile_files):
            sections = _sections(file)
            for name in (f"profile {chosen or 'default'}", chosen or "default"):
                found |= sections.get(name, {})
        if chosen and not found and self.profile_files:
            raise UsageError(f"AWS_PROFILE: there is no profile {chosen!r:.80} in {self.profile_files[0]}")
        return found


def store_access(
    environ: Mapping[str, str],
    *,
    endpoint: str | None = None,
    region: str | None = None,
    purge_endpoint: str | None = None,
    ca_file: Path | None = None,
) -> StoreAccess:
    """How stores and CDNs are reached with what ``environ`` says, which names AWS's two files too
    (https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html). Raise UsageError for an endpoint that is no
    address."""
    home = environ.get("HOME")
    files = [
        environ.get(variable) or (f"{home}/.aws/{name}" if home else "")
        for variable, name in (("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config"))
    ]
    return StoreAccess(
        environ=dict(environ),
        profile_files=tuple(Path(file) for file in files if file),
        endpoint=check_address(endpoint, "--endpoint") if endpoint else None,
        region=region,
        purge_endpoint=check_address(purge_endpoint, "--purge-endpoint") if purge_endpoint else None,
        ca_file=ca_file,
    )


def keys_hint(scheme: str, *, are_wrong: bool = False) -> str:
    """Which variables ``scheme`` reads, as a remedy for credentials that are missing, or that the store refuses."""
    places = _PLACES.get(scheme)
    if places is None:
        return f"{_GUIDE} tells which variables are read"
    return f"look at {places}: {_GUIDE}" if are_wrong else f"set {places}: {_GUIDE}"


def keys_for(scheme: Scheme, access: StoreAccess) -> Keys | None:
    """The keys of ``scheme``; None where nothing names any. Raise UsageError for half a pair."""
    for key_name, secret_name, token_names in _VARIABLES[scheme]:
        key, secret = access.environ.get(key_name), access.environ.get(secret_name)
        if bool(key) != bool(secret):
            raise UsageError(
                f"{secret_name if key else key_name} is not set, and {key_name if key else secret_name} is"
            )
        if key and secret:
            token = next((access.environ[name] for name in token_names if access.environ.get(name)), None)
            return Keys(key_id=key, secret=secret, token=token)
    if scheme == "r2":
        return keys_for("s3", access)
    return _profile_keys(access) if scheme == "s3" else None


def _profile_keys(access: StoreAccess) -> Keys | None:
    profile = access.profile()
    key, secret = profile.get("aws_access_key_id"), profile.get("aws_secret_access_key")
    if key and secret:
        return Keys(key_id=key, secret=secret, token=profile.get("aws_session_token"))
    others = {"sso_session", "sso_start_url", "role_arn", "credential_process", "login_session"} & profile.keys()
    if others and not access.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        raise UsageError(
            f"the AWS profile has {min(others)}, which is not followed",
            hint='eval "$(aws configure export-credentials --format env)"',
        )
    return None


def s3_settings(target: Target, access: StoreAccess) -> dict[str, object]:
    """obstore's settings for a store that speaks S3. Both names of the endpoint are set where one is: obstore reads the
    environment too, and the other would win there."""
    keys = keys_for(target.scheme, access)
    if keys is None and target.scheme != "s3":
        raise UsageError(f"{target}: there are no credentials", hint=keys_hint(target.scheme))
    endpoint, region, hosted = _place(target, access)
    settings: dict[str, object] = {}
    if region:
        settings["region"] = region
    if endpoint:
        settings |= {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint, "disable_bulk_delete": True}
    if hosted:
        settings["virtual_hosted_style_request"] = True
    if keys is not None:
        settings |= {"access_key_id": keys.key_id, "secret_access_key": keys.secret}
        if keys.token:
            settings["session_token"] = keys.token
    return settings


def _place(target: Target, access: StoreAccess) -> tuple[str | None, str | None, bool]:
    """Endpoint, region, and whether the bucket is in the host's name. OSS and COS answer to that alone:
    https://www.alibabacloud.com/help/en/oss/developer-reference/use-amazon-s3-sdks-to-access-oss,
    https://cloud.tencent.com/document/product/436/37421, https://developers.cloudflare.com/r2/api/s3/ (2026-11)."""
    endpoint, region = access.endpoint_for(target.scheme), access.region_for(target.scheme)
    match target.scheme:
        case "oss" | "cos":
            if endpoint is None:
                if region is None:
                    raise UsageError(f"{target}: which region is it in", hint="--region, or --endpoint")
                host = (
                    f"s3.oss-{region.removeprefix('oss-')}.aliyuncs.com"
                    if target.scheme == "oss"
                    else f"cos.{region}.myqcloud.com"
                )
                endpoint = f"https://{host}"
            return _with_bucket(endpoint, target.bucket), region or "us-east-1", True
        case "r2":
            account = access.environ.get("R2_ACCOUNT_ID") or access.environ.get("CLOUDFLARE_ACCOUNT_ID")
            if endpoint is None and not account:
                raise UsageError(f"{target}: which account is it", hint="set R2_ACCOUNT_ID, or --endpoint")
            return endpoint or f"https://{account}.r2.cloudflarestorage.com", region or "auto", False
        case _:
            return endpoint, region, False


def _with_bucket(endpoint: str, bucket: str) -> str:
    scheme, _, host = endpoint.partition("://")
    return endpoint if host.startswith(f"{bucket}.") else f"{scheme}://{bucket}.{host}"


def _sections(file: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, configparser.Error, UnicodeDecodeError):
        # what is wrong may stand on the line with the key
        raise InputError(f"{file} cannot be read as an AWS configuration file") from None
    return {name: dict(parser.items(name)) for name in parser.sections()}
