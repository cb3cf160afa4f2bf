"""OpenStack Swift, all of it, in one process on loopback: account, container and object server on one device, and a
proxy with the S3 interface, whose signatures are as strict as in production.

    /usr/bin/python3 serve.py FOLDER      with Debian's package python3-swift

FOLDER gets the configuration, the rings and the device. Once everything listens, one line of JSON on stdout says at
which port the proxy does; the process ends when its standard input does. Ports are bound before the rings are written,
so that nobody else can have them.

Configuration: https://docs.openstack.org/swift/2.30.0/ (Zed), "proxy-server.conf-sample" and "s3api". One
replica, and no background daemons: what they would repair does not happen here.
"""

import json
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from time import monotonic, tzset
from typing import Any

USERS = {"ada": "pretend-secret-of-ada", "bob": "pretend-secret-of-bob"}
_PATIENCE_S = 120  # between the servers: on a busy machine none gives another up
_SERVERS = ("account", "container", "object")
_PROXY = f"""
[DEFAULT]
log_custom_handlers = serve.to_stderr
log_level = WARNING
client_timeout = {_PATIENCE_S}
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth bulk slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = {_PATIENCE_S}
recoverable_node_timeout = {_PATIENCE_S}
conn_timeout = {_PATIENCE_S}
error_suppression_limit = 1000000
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
paste.filter_factory = serve:cache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
allowable_clock_skew = 900
[filter:tempauth]
use = egg:swift#tempauth
{{users}}
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
# an update of a listing that is late would be left to a daemon: it is waited for
_STORAGE = f"""
[DEFAULT]
devices = {{devices}}
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_custom_handlers = serve.to_stderr
log_level = WARNING
client_timeout = {_PATIENCE_S}
container_update_timeout = {_PATIENCE_S}
conn_timeout = {_PATIENCE_S}
node_timeout = {_PATIENCE_S}
[pipeline:main]
pipeline = {{name}}-server
[app:{{name}}-server]
use = egg:swift#{{name}}
"""


class Cache:
    """What memcached is in production: the proxy wants one. Values come back as JSON makes them, as from there."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._values: dict[str, tuple[str, float]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ["swift.cache"] = self
        return self._app(environ, start_response)

    def get(self, key: str, **_: Any) -> Any:
        value, ends = self._values.get(key, ("null", 0.0))
        return json.loads(value) if monotonic() < ends else None

    def set(self, key: str, value: Any, *, time: float = 0, **_: Any) -> None:
        self._values[key] = (json.dumps(value), monotonic() + (time or 1e9))

    def delete(self, key: str, **_: Any) -> None:
        self._values.pop(key, None)


def cache(global_conf: object, **local_conf: object) -> type[Cache]:
    """What the proxy's configuration names."""
    return Cache


def to_stderr(*words: Any, **_: Any) -> None:
    """What the configurations name: there may be no syslog. The logger is the last but one."""
    words[-2].addHandler(logging.StreamHandler())


def _write_configuration(folder: Path) -> None:
    (folder / "device" / "one").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = pretend\n")
    for name in _SERVERS:
        (folder / f"{name}.conf").write_text(_STORAGE.format(name=name, devices=folder / "device"))
    users = "\n".join(f"user_{name}_{name} = {secret} .admin" for name, secret in USERS.items())
    (folder / "proxy.conf").write_text(_PROXY.format(users=users))


def _write_ring(folder: Path, name: str, port: int) -> None:
    ring = import_module("swift.common.ring").RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    where = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    ring.add_dev({"region": 1, "zone": 1, "weight": 100.0, "device": "one", **where})
    ring.rebalance(seed="1")
    ring.get_ring().save(str(folder / f"{name}.ring.gz"))


def _without_fsync(_: object) -> None:
    """Nothing here has to outlive the machine, and the disks of CI are slow."""


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    os.environ["TZ"] = "UTC+0"
    tzset()
    utils = import_module("swift.common.utils")
    utils.eventlet_monkey_patch()
    operating_system: Any = os
    operating_system.fsync = operating_system.fdatasync = _without_fsync
    _write_configuration(folder)
    utils.set_swift_dir(str(folder))  # before the modules that read it when they are imported
    wsgi = import_module("swift.common.wsgi")
    eventlet = import_module("eventlet")
    server = import_module("eventlet.wsgi").server
    utils.validate_hash_conf()

    sockets = {name: eventlet.listen(("127.0.0.1", 0), backlog=1024) for name in (*_SERVERS, "proxy")}
    for name in _SERVERS:
        _write_ring(folder, name, sockets[name].getsockname()[1])
    for name, socket in sockets.items():
        app = wsgi.loadapp(str(folder / f"{name}.conf"), {"swift_dir": str(folder), "log_name": name})
        eventlet.spawn(
            server, socket, app, utils.NullLogger(), protocol=wsgi.SwiftHttpProtocol,
            custom_pool=eventlet.GreenPool(256), capitalize_response_headers=False,
        )  # fmt: skip
    sys.stdout.write(json.dumps({"port": sockets["proxy"].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    import_module("eventlet.hubs").trampoline(0, read=True)  # nobody writes: it is readable at its end


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
