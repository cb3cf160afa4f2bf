"""pip's settings, read by pip's own code: all its configuration files and its ``PIP_…`` variables.

pip offers no interface for this. Its configuration module is asked in a process of its own, with the caller's
environment: so HOME, XDG_CONFIG_HOME, PIP_CONFIG_FILE and PIP_* count as they do for pip, and nothing of pip's
internals enters this process. The order of sections is that of ``pip install``: ``[global]``, ``[install]``,
variables (https://pip.pypa.io/en/stable/topics/configuration/).
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from lightship import proc
from lightship.build.index.settings import Credential, IndexSettings, split_credential
from lightship.build.index.surroundings import (
    existing_file,
    netrc_credentials,
    no_proxy,
    number,
    proxy,
    proxy_from,
)
from lightship.errors import InputError, ToolError

__all__ = ["default_index_url", "read_pip_settings"]

_ASK = """
import json, sys
from pip._internal.configuration import Configuration
from pip._internal.exceptions import ConfigurationError
from pip._internal.models.index import PyPI
configuration = Configuration(isolated=False)
try:
    configuration.load()
except ConfigurationError as error:
    sys.exit("pip configuration: " + " ".join(str(error).split()))
sections = {"global": {}, "install": {}, ":env:": {}}
for _, values in configuration.items():
    for name, value in values.items():
        section, _, key = name.partition(".")
        if section in sections:
            sections[section][key] = value
merged = {}
for values in sections.values():
    merged.update({key: value for key, value in values.items() if value})
json.dump({"default": PyPI.simple_url, "values": merged}, sys.stdout)
"""
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})


def _ask(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    # -P: a file named json.py in the working directory is not imported.
    done = proc.run([sys.executable, "-P", "-c", _ASK], env=environment, timeout_s=60, check=False)
    said = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode != 0 and said and said[-1].startswith("pip configuration:"):
        raise InputError(f"pip's configuration cannot be read: {said[-1].partition(':')[2].strip()}")
    try:
        answer = json.loads(done.stdout) if done.returncode == 0 else None
        default, values = answer["default"], answer["values"]  # type: ignore[index]
    except (ValueError, TypeError, KeyError) as error:
        why = f": {said[-1]}" if said else ""
        raise ToolError(
            f"pip's configuration module is not as expected{why}",
            hint="install pip 24 or newer beside lightship: python -m pip install -U pip",
        ) from error
    return str(default), {str(key): str(value) for key, value in values.items()}


def default_index_url(environment: Mapping[str, str]) -> str:
    """The index that pip uses where nothing is configured."""
    return _ask(environment)[0]


def read_pip_settings(environment: Mapping[str, str]) -> IndexSettings:
    """What ``pip install`` would use under ``environment``. Costs one short process.

    Raise InputError for a configuration that pip refuses too, ToolError where pip is missing or unknown.
    """
    default, values = _ask(environment)
    credentials: list[Credential] = []

    def address(url: str) -> str:
        bare, credential = split_credential(url)
        if credential is not None:
            credentials.append(credential)
        return bare

    allowed = values.get("no-index", "").lower() not in _TRUE
    index_url = address(values.get("index-url", default)) if allowed else None
    extra = tuple(address(url) for url in values.get("extra-index-url", "").split()) if allowed else ()
    links = tuple(_link(address(link)) for link in values.get("find-links", "").split())
    own_proxy = proxy(values["proxy"]) if "proxy" in values else None
    ca_file, ca_directory = _trust(values, environment)
    return IndexSettings(
        source="pip",
        index_url=index_url,
        extra_index_urls=extra,
        find_links=links,
        credentials=(*credentials, *netrc_credentials(environment)),
        http_proxy=own_proxy or proxy_from(environment, "http"),
        https_proxy=own_proxy or proxy_from(environment, "https"),
        no_proxy=() if own_proxy else no_proxy(environment),
        ca_file=ca_file,
        ca_directory=ca_directory,
        client_certificate=existing_file(values.get("client-cert"), "pip's client-cert"),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        timeout_s=number(values.get("timeout") or values.get("default-timeout"), "pip's timeout", 15.0) or 15.0,
        retries=int(number(values.get("retries"), "pip's retries", 5)),
    )


def _trust(values: Mapping[str, str], environment: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    for setting, text in (("pip's cert", values.get("cert")), *_bundles(environment)):
        if text and Path(text).is_dir():
            return None, Path(text)
        found = existing_file(text, setting)
        if found is not None:
            return found, None
    return None, None


def _bundles(environment: Mapping[str, str]) -> tuple[tuple[str, str | None], ...]:
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return tuple((name, environment.get(name)) for name in names)


def _link(link: str) -> str:
    if "://" in link or link.startswith("file:"):
        return link
    return str(Path(link).expanduser().absolute())
