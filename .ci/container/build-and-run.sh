#!/bin/bash
# Builds the project's unmodified Dockerfile and runs the image, with no Docker engine and no image registry.
# Usage: build-and-run.sh PROJECT_DIR      Run as root on Debian 12. Nothing of the build host stays in the image.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=${1:?usage: $0 PROJECT_DIR}
# shellcheck source=tools.sh
. "$here/tools.sh"
image=localhost/monitor:ci again=localhost/monitor:again port=${MONITOR_TEST_PORT:-18080} name=monitor-ci-$$ vol=monitor-ci-$$
most_mb=175   # what the image may add to its base: 20 % above the 147 MB that README.md says
work=$(mktemp -d)
fail() { echo "FAIL: $*"; exit 1; }
clean() {
  podman rm -fv "$name" >/dev/null 2>&1 || :; podman volume rm -f "$vol" >/dev/null 2>&1 || :
  podman rmi -f "$again" >/dev/null 2>&1 || :
  [ -z "${sink:-}" ] || kill "$sink" 2>/dev/null || :
  rm -rf "$work"
}
trap clean EXIT
prepare

# 1. Two builds of one commit, from folders with other dates: the same files in every layer.
revision=$(git -C "$project" rev-parse --short HEAD 2>/dev/null || echo none)
arguments=(--build-arg "REVISION=$revision" --build-arg CREATED=2026-01-01T00:00:00Z)
build "$image" "$project" "${arguments[@]}"
step image built
mkdir "$work/copy"
cp -r "$project"/{Dockerfile,.dockerignore,LICENSE,README.md,monitor,monitor.yaml,pyproject.toml,requirements,rules,seeds,sources.yaml,templates} "$work/copy"
find "$work/copy" -name __pycache__ -prune -exec rm -rf {} +
build "$again" "$work/copy" "${arguments[@]}"
podman save -q -o "$work/one.tar" "$image"; podman save -q -o "$work/two.tar" "$again"
python3 "$here/compare-layers.py" "$work/one.tar" "$work/two.tar"
rm "$work"/*.tar
step two builds hold the same

# 2. What is in it.
podman inspect "$image" --format '{{.User}} {{.HealthCheck.Test}} {{.Config.StopSignal}} {{.Config.Volumes}}'
size() { podman image inspect "$1" --format '{{.Size}}'; }
added_mb=$(( ($(size "$image") - $(size "localhost/$base")) / 1000000 ))
echo "size: $added_mb MB above its base"
[ "$added_mb" -le "$most_mb" ] || fail "the image adds more than $most_mb MB to its base"
mnt=$(podman image mount "$image"); rc=0
cmp -s "$mnt$ca" "$ca" && { echo "FAIL: the build host's certificates are in the image"; rc=1; }
[ ! -e "$mnt/etc/pip.conf" ] || { echo "FAIL: /etc/pip.conf in the image"; rc=1; }
podman image unmount "$image" >/dev/null; [ $rc = 0 ]
label() { podman image inspect "$image" --format "{{index .Labels \"org.opencontainers.image.$1\"}}"; }
said=$(podman run --rm --network none "$image" --version 2>/dev/null)
[ "$said" = "monitor $(label version) ($(label revision))" ] || fail "--version says '$said', the labels $(label version) $(label revision)"
for one in title description licenses created; do [ -n "$(label $one)" ] || fail "no label $one"; done
step "labels and $said"

# 3. Run: non-root, read-only, no capabilities, limits, data volume, host network on loopback only.
podman volume create "$vol" >/dev/null
limits=(--read-only --read-only-tmpfs=false --tmpfs /tmp:rw,size=16m,mode=1777 --cap-drop=ALL --security-opt=no-new-privileges --memory 256m --pids-limit 200)
podman run -d --name "$name" --network host "${limits[@]}" -v "$vol:/data" \
  -e MONITOR_HOST=127.0.0.1 -e MONITOR_PORT="$port" "$image" >/dev/null 2>"$cache/run.err"
healthy() { for _ in $(seq 150); do curl -fs "http://127.0.0.1:$port/healthz" && return; sleep 0.1; done; podman logs "$name" | tail -5; return 1; }
healthy | grep -q "\"revision\": \"$revision\"" || fail "/healthz does not say the revision"
[ "$(podman exec "$name" id -u)" = 10001 ]
if podman exec "$name" touch /x 2>/dev/null; then fail "root file system is writable"; fi
podman exec "$name" sh -c 'touch /data/w && touch /tmp/w && grep CapEff /proc/self/status | grep -q 0000000000000000'
podman healthcheck run "$name"; echo "healthcheck ok: $(podman inspect "$name" --format '{{.State.Health.Status}}')"   # no systemd timer here: run it by hand
podman stop -t 10 "$name" >/dev/null 2>&1
[ "$(podman inspect "$name" --format '{{.State.ExitCode}}')" = 0 ]
podman logs "$name" 2>"$work/stderr" | python3 -c 'import json, sys; print([json.loads(line)["event"] for line in sys.stdin][-1])'
[ ! -s "$work/stderr" ] || fail "something else than the log was said: $(head -3 "$work/stderr")"
step "ran, logged JSON alone and stopped cleanly"

# 4. A stop while a send is under way: it ends, and is not made again.
podman rm -v "$name" >/dev/null 2>&1
mkdir -p "$work/desk/rules" "$work/desk/seeds"
python3 "$here/slow-sink.py" "$work/hits" >"$work/sink.port" & sink=$!
for _ in $(seq 50); do [ -s "$work/sink.port" ] && break; sleep 0.1; done
cat >"$work/desk/monitor.yaml" <<Y
channels: {newsroom: {kind: webhook, url: "http://127.0.0.1:$(cat "$work/sink.port")/", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}
network: {allow_private: [127.0.0.0/8]}
Y
printf 'match: Acme\ntell: {newsroom: now}\n' >"$work/desk/rules/acme.yaml"
echo "date 2026-01-01 Acme opens an office in Karachi." >"$work/desk/seeds/acme.txt"
chmod -R a+rX "$work"
podman run -d --name "$name" --network host "${limits[@]}" -v "$vol:/data" -v "$work/desk:/workspace:ro" \
  -e MONITOR_DATABASE_URL=sqlite:///data/stop.db -e MONITOR_HOST=127.0.0.1 -e MONITOR_PORT="$port" "$image" >/dev/null 2>>"$cache/run.err"
for _ in $(seq 200); do [ -s "$work/hits" ] && break; sleep 0.1; done
[ "$(wc -l <"$work/hits")" = 1 ] || fail "no send came"
podman stop -t 10 "$name" >/dev/null 2>&1
[ "$(podman inspect "$name" --format '{{.State.ExitCode}}')" = 0 ] || fail "a stop amid a send did not exit 0"
podman start "$name" >/dev/null 2>&1; healthy >/dev/null
podman exec "$name" monitor deliveries list --json | python3 -c 'import json, sys; found = json.load(sys.stdin); assert [one["state"] for one in found] == ["sent"], found'
[ "$(wc -l <"$work/hits")" = 1 ] || fail "the send was made again"
step "a stop amid a send neither lost nor doubled it"

podman rm -fv "$name" >/dev/null 2>&1
podman run -d --name "$name" "$image" >/dev/null 2>>"$cache/run.err"
podman stop -t 10 "$name" >/dev/null 2>&1
[ "$(podman inspect "$name" --format '{{.State.ExitCode}}')" = 0 ] || fail "a stop of a container that still starts had to kill"

# 5. Everything that is wrong with a start at once, exit 2, no secret shown.
podman rm -fv "$name" >/dev/null 2>&1; rc=0
podman run --rm "${limits[@]}" --tmpfs /data:rw,mode=0755 -e MONITOR_PORT=abc -e MONITOR_HOST='a b' \
  -e MONITOR_DATABASE_URL=mysql://me:hunter2@db/x -e MONITOR_DATABASE_PASSWORD_FILE=/none "$image" >"$work/told" 2>&1 || rc=$?
for part in MONITOR_PORT MONITOR_HOST MONITOR_DATABASE_URL MONITOR_DATABASE_PASSWORD_FILE '/data: nothing can be written'; do
  grep -q "$part" "$work/told" || { cat "$work/told"; fail "a wrong start does not name $part"; }
done
[ $rc = 2 ] || fail "a wrong start exits $rc"
if grep -q hunter2 "$work/told"; then fail "a wrong start shows a secret"; fi
step "a wrong start names all that is wrong"

# 6. The same image through a bridge network and a published port.
podman run -d --name "$name" -p "127.0.0.1:$port:8080" "$image" >/dev/null 2>>"$cache/run.err"
healthy
step "published port reachable"
echo "all container checks passed"
