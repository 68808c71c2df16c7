#!/bin/bash
# What the checks share: the tools, the engine's settings, the stand-in for the base image, the build.
# Sourced; gives $cache, $base, step, prepare and build.
#   BASE/SUITE choose the stand-in: python:3.11-slim-bookworm/bookworm (default) or python:3.13-slim-trixie/trixie
base=${BASE:-python:3.11-slim-bookworm} suite=${SUITE:-bookworm}
cache=${CONTAINER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/monitor-container}; mkdir -p "$cache"
ca=/etc/ssl/certs/ca-certificates.crt
export CONTAINERS_CONF=$cache/containers.conf
start=$(date +%s.%N)
step() { local n; n=$(date +%s.%N); printf '[%6.1fs] %s\n' "$(echo "$n $start" | awk '{print $1-$2}')" "$*"; }

prepare() {
  # Tools. netavark, aardvark-dns and iptables: only for bridge networks (published ports, compose).
  tools=(buildah podman runc mmdebstrap netavark aardvark-dns iptables)
  if ! dpkg -s "${tools[@]}" >/dev/null 2>&1; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
      "${tools[@]}" >"$cache/apt.log" 2>&1
  fi
  step tools ready

  # Engine settings. Without them podman asks for a higher nofile limit than the build host's root may set (no CAP_SYS_RESOURCE),
  #    and crun refuses the hybrid cgroup layout; runc accepts it.
  cat >"$cache/containers.conf" <<'C'
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
log_driver = "k8s-file"
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
compat_api_enforce_docker_hub = false
C

  # Stand-in base image from Debian's packages, kept in podman's own store; FROM finds it under localhost/.
  if ! podman image exists "localhost/$base"; then
    tar=$cache/$suite.tar
    if [ ! -s "$tar" ]; then   # under another name until it is whole: never half a base in the cache
      rm -f "$tar.part.tar"
      # shellcheck disable=SC2016
      mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates \
        --customize-hook='ln -s /usr/bin/python3 "$1/usr/local/bin/python3"; ln -s /usr/bin/python3 "$1/usr/local/bin/python"; rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED' \
        "$suite" "$tar.part.tar" >"$cache/mmdebstrap.log" 2>&1
      mv "$tar.part.tar" "$tar"
    fi
    podman import -q --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'CMD ["python3"]' "$tar" "localhost/$base" >/dev/null
  fi
  step "base image $base"
}

# build TAG FOLDER [OPTION...]: --format docker, for the OCI format drops HEALTHCHECK. The one --volume gives pip the
# build host's certificates for the build only: it covers a file that the base already has, so not even an empty file
# is left behind.
build() {
  local tag=$1 folder=$2; shift 2
  buildah bud --quiet --format docker --isolation chroot --network host --pull-never --volume "$ca:$ca:ro" \
    --build-arg "PYTHON_IMAGE=$base" "$@" -t "$tag" "$folder" >"$cache/build.log" 2>&1 || { tail -30 "$cache/build.log"; return 1; }
}
