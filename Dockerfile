# docker build -t monitor:dev .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python3 -m venv /opt/venv
COPY requirements/run.txt requirements/run.txt
RUN /opt/venv/bin/pip install --quiet --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE monitor.yaml sources.yaml ./
COPY monitor monitor
COPY rules rules
COPY seeds seeds
COPY templates templates
# What only builds packages has no business in the image that runs.
RUN /opt/venv/bin/pip install --quiet --no-deps --no-build-isolation . \
    && /opt/venv/bin/pip uninstall --quiet --yes hatchling editables trove-classifiers pip

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Media Monitor" \
      org.opencontainers.image.description="Watches the press by written rules and tells each story once, with the reason" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
RUN groupadd --gid 10001 monitor \
    && useradd --uid 10001 --gid monitor --no-create-home --home-dir /data --shell /usr/sbin/nologin monitor \
    && install --directory --owner=monitor --group=monitor /data
COPY --from=build /opt/venv /opt/venv
COPY monitor.yaml sources.yaml /workspace/
COPY rules /workspace/rules
COPY seeds /workspace/seeds
COPY templates /workspace/templates
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MONITOR_HOST=0.0.0.0 \
    MONITOR_PORT=8080 \
    MONITOR_DATA=/data
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
