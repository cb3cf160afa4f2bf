#!/bin/sh
# Installs what a build and its tests call from the system: with apt as root, with passwordless sudo, or not at all,
# then one message names what is missing. In CI something missing is an error.
set -eu

need_program() { # program package
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || packages="$packages $2"
}

packages=""
need_program bwrap bubblewrap
need_program skopeo skopeo
need_program umoci umoci
need_program mmdebstrap mmdebstrap
need_program readelf binutils
need_program eu-elflint elfutils
need_program dockerd docker.io
need_program runc runc
need_program podman podman
need_program docker-registry docker-registry
need_program ctr containerd
need_program go golang-go
[ -d /usr/share/gocode/src/github.com/containerd/stargz-snapshotter/estargz ] ||
    packages="$packages golang-github-containerd-stargz-snapshotter-dev"
need_program zstd zstd
need_program pigz pigz
command -v google-chrome >/dev/null 2>&1 || need_program chromium chromium
need_program openssl openssl
need_program gpg gnupg
need_program git git
need_program nginx nginx-light
[ -e /usr/lib/nginx/modules/ngx_http_brotli_static_module.so ] || packages="$packages libnginx-mod-http-brotli-static"
need_program faketime faketime
need_program node nodejs
need_program npm npm
# its modules alone: of what makes it a service nothing is installed
[ -d /usr/lib/python3/dist-packages/swift ] || packages="$packages python3-swift"
python3 -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
[ -n "$packages" ] || exit 0

install() {
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # docker.io's engine is started by a test with its own directories; its service is not wanted.
    "$@" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        install env
        exit 0
    fi
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        install sudo -n
        exit 0
    fi
fi

echo "system packages are missing:$packages" >&2
echo "hint: sudo apt-get install$packages" >&2
[ -z "${CI:-}" ] || exit 3
command -v bwrap >/dev/null 2>&1 || exit 3
