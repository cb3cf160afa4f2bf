"""Tries what programs take for granted: certificates, time zones, codecs, users, places to write. Python 3.8 or later.

Started as ``python ground_worker.py REQUEST RESULT``, both paths of JSON files. The request is ``{"zones": […]}``.
"""

import json
import os
import sys
from typing import Any, Callable, Dict, List, Tuple


def main() -> None:
    del sys.path[0]  # this file's own folder
    with open(sys.argv[1]) as stream:
        request = json.load(stream)
    found: Dict[str, Any] = {}
    questions: List[Tuple[str, Callable[[], Any]]] = [
        ("tls", tls),
        ("certifi", bundle_of_certifi),
        ("codecs", codecs_that_fail),
        ("locale", locale_name),
        ("user", user),
    ]
    for name, question in questions:
        try:
            found[name] = question()
        except Exception as error:
            found[name] = {"error": "%s: %s" % (type(error).__name__, error)}
    found["zones"] = zones(request["zones"])
    with open(sys.argv[2], "w") as stream:
        json.dump(found, stream)


def tls() -> Dict[str, Any]:
    try:
        import ssl
    except ImportError as error:
        return {"absent": str(error)}
    paths = ssl.get_default_verify_paths()
    context = ssl.create_default_context()
    return {
        "authorities": context.cert_store_stats()["x509_ca"],
        "cafile": paths.openssl_cafile,
        "capath": paths.openssl_capath,
        "variable": os.environ.get(paths.openssl_cafile_env, ""),
        "in_capath": len(os.listdir(paths.capath)) if paths.capath else 0,
    }


def bundle_of_certifi() -> Dict[str, Any]:
    try:
        import certifi  # type: ignore[import-not-found,unused-ignore]  # the image's
    except ImportError:
        return {}
    path = certifi.where()
    try:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        return {"path": path, "authorities": context.cert_store_stats()["x509_ca"]}
    except ImportError:
        return {"path": path, "authorities": os.path.getsize(path)}


def codecs_that_fail() -> Dict[str, str]:
    import codecs
    from encodings.aliases import aliases

    failed = {}
    for name in sorted(
        set(aliases.values()) | {"idna", "punycode", "utf_8_sig", "unicode_escape", "raw_unicode_escape"}
    ):
        if name in ("mbcs", "oem"):  # Windows only
            continue
        try:
            codecs.lookup(name)
        except Exception as error:
            failed[name] = "%s: %s" % (type(error).__name__, error)
    try:
        "b\u00fccher.example".encode("idna")
    except Exception as error:
        failed["idna"] = "%s: %s" % (type(error).__name__, error)
    return failed


def locale_name() -> Dict[str, str]:
    import locale

    locale.setlocale(locale.LC_ALL, "")
    return {"encoding": sys.getfilesystemencoding()}


def user() -> Dict[str, Any]:
    import pwd

    try:
        return {"name": pwd.getpwuid(os.getuid()).pw_name}
    except KeyError:
        return {"uid": os.getuid()}


def zones(wanted: List[str]) -> Dict[str, Any]:
    try:
        import zoneinfo
    except ImportError as error:
        return {"absent": str(error)}
    failed = {}
    for name in wanted:
        try:
            zoneinfo.ZoneInfo(name)
        except Exception as error:
            failed[name] = "%s: %s" % (type(error).__name__, error)
    return {"failed": failed}


if __name__ == "__main__":
    main()
