#!/bin/bash
# Builds the project's unmodified Dockerfile and runs the image, with no Docker engine and no image registry.
# Usage: build-and-run.sh PROJECT_DIR      Run as root on Debian 12. Nothing of the build host stays in the image.
#   BASE/SUITE choose the stand-in for the base image: python:3.11-slim-bookworm/bookworm (default) or python:3.13-slim-trixie/trixie
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=${1:?usage: $0 PROJECT_DIR}
base=${BASE:-python:3.11-slim-bookworm} suite=${SUITE:-bookworm}
cache=${CONTAINER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/monitor-container}; mkdir -p "$cache"
image=localhost/monitor:ci port=${MONITOR_TEST_PORT:-18080} name=monitor-ci-$$ vol=monitor-ci-$$
ca=/etc/ssl/certs/ca-certificates.crt
start=$(date +%s.%N)
step() { local n; n=$(date +%s.%N); printf '[%6.1fs] %s\n' "$(echo "$n $start" | awk '{print $1-$2}')" "$*"; }

# 1. Tools. netavark, aardvark-dns and iptables: only for bridge networks (published ports, compose).
tools=(buildah podman runc mmdebstrap netavark aardvark-dns iptables)
if ! dpkg -s "${tools[@]}" >/dev/null 2>&1; then
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
    "${tools[@]}" >"$cache/apt.log" 2>&1
fi
step tools ready

# 2. Engine settings. Without them podman asks for a higher nofile limit than the build host's root may set (no CAP_SYS_RESOURCE),
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
export CONTAINERS_CONF=$cache/containers.conf

# 3. Stand-in base image from Debian's packages, kept in podman's own store; FROM finds it under localhost/.
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

# 4. Build. --format docker: the OCI format drops HEALTHCHECK. The one --volume gives pip the build host's certificates
#    for the build only: it covers a file that the base already has, so not even an empty file is left behind.
buildah bud --quiet --format docker --isolation chroot --network host --pull-never \
  --volume "$ca:$ca:ro" --build-arg "PYTHON_IMAGE=$base" -t "$image" "$project" >"$cache/build.log" 2>&1 || { tail -30 "$cache/build.log"; exit 1; }
step image built

# 5. What is in it.
podman inspect "$image" --format '{{.User}} {{.HealthCheck.Test}} {{.Config.StopSignal}} {{.Config.Volumes}}'
mnt=$(podman image mount "$image"); rc=0
cmp -s "$mnt$ca" "$ca" && { echo "FAIL: the build host's certificates are in the image"; rc=1; }
[ ! -e "$mnt/etc/pip.conf" ] || { echo "FAIL: /etc/pip.conf in the image"; rc=1; }
podman image unmount "$image" >/dev/null; [ $rc = 0 ]

# 6. Run: non-root, read-only, no capabilities, limits, data volume, host network on loopback only.
clean() { podman rm -fv "$name" >/dev/null 2>&1 || :; podman volume rm -f "$vol" >/dev/null 2>&1 || :; }
trap clean EXIT
podman volume create "$vol" >/dev/null
podman run -d --name "$name" --network host --read-only --read-only-tmpfs=false --tmpfs /tmp:rw,size=16m,mode=1777 \
  --cap-drop=ALL --security-opt=no-new-privileges --memory 256m --pids-limit 200 -v "$vol:/data" \
  -e MONITOR_HOST=127.0.0.1 -e MONITOR_PORT="$port" "$image" >/dev/null 2>"$cache/run.err"
for _ in $(seq 50); do curl -fs "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.1; done
curl -fs "http://127.0.0.1:$port/healthz"
[ "$(podman exec "$name" id -u)" != 0 ]
if podman exec "$name" touch /x 2>/dev/null; then echo "FAIL: root file system is writable"; exit 1; fi
podman exec "$name" sh -c 'touch /data/w && touch /tmp/w && grep CapEff /proc/self/status | grep -q 0000000000000000'
podman healthcheck run "$name"; echo "healthcheck ok: $(podman inspect "$name" --format '{{.State.Health.Status}}')"   # no systemd timer here: run it by hand
podman stop -t 10 "$name" >/dev/null 2>&1
[ "$(podman inspect "$name" --format '{{.State.ExitCode}}')" = 0 ]
podman logs "$name" | tail -1
step "ran and stopped cleanly"

# 7. The same through a bridge network and a published port.
podman rm -v "$name" >/dev/null 2>&1
podman run -d --name "$name" -p "127.0.0.1:$port:8080" "$image" >/dev/null 2>>"$cache/run.err"
for _ in $(seq 50); do curl -fs "http://127.0.0.1:$port/healthz" && break; sleep 0.1; done
step "published port reachable"
echo "all container checks passed"
