# docker build -t monitor:dev .        (or `make image`, which also names the commit in it)
# Two builds of one commit hold the same files: every package is locked with its hash and comes as
# a wheel, every file of ours is dated MADE_AT, and byte code is made in one order with one seed.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ENV MADE_AT=1980-01-01T00:00:00Z \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONHASHSEED=0
WORKDIR /src
RUN python3 -m venv /opt/venv
COPY requirements/run.txt requirements/run.txt
RUN /opt/venv/bin/pip install --quiet --no-compile --only-binary :all: --require-hashes \
        --requirement requirements/run.txt

FROM packages AS product
COPY pyproject.toml README.md LICENSE monitor.yaml sources.yaml ./
COPY monitor monitor
COPY rules rules
COPY seeds seeds
COPY templates templates
# What is ours goes to /out: a layer of its own, so that an upgrade need not bring all packages.
# Byte code goes by no date (unchecked-hash): the image is read-only, and the dates are not the files'.
RUN /opt/venv/bin/pip install --quiet --no-compile --no-deps --no-build-isolation . \
    && site=$(echo /opt/venv/lib/python3*/site-packages) \
    && install --directory /out/opt/venv/bin "/out$site" /out/workspace /out/etc /empty \
    && python3 -m compileall -q --invalidation-mode unchecked-hash "$site/monitor" \
    && cp --archive /opt/venv/bin/monitor /out/opt/venv/bin/ \
    && cp --archive "$site/monitor" "$site"/media_monitor-*.dist-info "/out$site/" \
    && cp --recursive monitor.yaml sources.yaml rules seeds templates /out/workspace/ \
    && cp /etc/passwd /etc/group /out/etc/ \
    && echo 'monitor:x:10001:10001::/data:/usr/sbin/nologin' >>/out/etc/passwd \
    && echo 'monitor:x:10001:' >>/out/etc/group \
    && chmod --recursive u=rwX,go=rX /out \
    && find /out /empty -exec touch --no-dereference --date="$MADE_AT" {} +

FROM packages AS lean
# What only builds packages has no business in the image that runs; nor have tests, and babel's
# 30 MB on locales: courlan, which brings babel, asks it for the names of languages alone.
RUN /opt/venv/bin/pip uninstall --quiet --yes hatchling editables trove-classifiers setuptools pip \
    && site=$(echo /opt/venv/lib/python3*/site-packages) \
    && rm -rf /opt/venv/bin/[Aa]ctivate* /opt/venv/share "$site"/*/tests \
    && find "$site/babel/locale-data" -name '*.dat' ! -name root.dat ! -name en.dat -delete \
    && find /opt/venv -name __pycache__ -prune -exec rm -rf {} + \
    && python3 -m compileall -q --invalidation-mode unchecked-hash "$site" \
    && find /opt/venv -exec touch --no-dereference --date="$MADE_AT" {} +

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=1980-01-01T00:00:00Z
COPY --from=lean /opt/venv /opt/venv
COPY --from=product /out /
COPY --from=product --chown=10001:10001 /empty /data
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MONITOR_HOST=0.0.0.0 \
    MONITOR_PORT=8080 \
    MONITOR_DATA=/data \
    MONITOR_REVISION=${REVISION}
LABEL org.opencontainers.image.title="Media Monitor" \
      org.opencontainers.image.description="Watches the press by written rules and tells each story once, with the reason" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
WORKDIR /workspace
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# http.client alone starts in a tenth of a second; anything but a 200 is an exit code of 1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python3", "-ISc", "import http.client, os; peer = http.client.HTTPConnection('127.0.0.1', int(os.environ['MONITOR_PORT']), timeout=4); peer.request('GET', '/healthz'); raise SystemExit(peer.getresponse().status != 200)"]
ENTRYPOINT ["monitor"]
CMD ["run", "--workspace", "/workspace"]
