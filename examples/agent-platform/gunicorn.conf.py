"""gunicorn with gevent, as the large platforms run it."""

import os

bind = os.environ.get("AGENT_BIND", "127.0.0.1:5001")
worker_class = "gevent"
workers = 1
timeout = 120
worker_tmp_dir = "/tmp"  # noqa: S108 - the one place that is always writable in the image
control_socket_disable = True


def post_worker_init(worker: object) -> None:  # noqa: ARG001 - gunicorn's signature
    from grpc.experimental import gevent as grpc_gevent

    grpc_gevent.init_gevent()
