# One image for all processes of ours (target `app`: what a container is, its command says) and one for the gateway.
#   docker build --target app --tag cloud-sales-system .
#   docker build --target gateway --tag cloud-sales-system-gateway .
# A pipeline pins the base by its digest: --build-arg PYTHON=python:3.11-slim-bookworm@sha256:…
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
# with the extras azure (sign-in by identity, the driver for Azure SQL) and azure-monitor
COPY requirements-azure.lock ./
RUN pip install --require-hashes --only-binary=:all: -r requirements-azure.lock
# .dockerignore lists what belongs into the image; all else never leaves the machine that builds it
COPY . .
RUN pip install --no-deps --no-build-isolation -e . \
 && python tools/translations.py compile \
 && rm -rf tools build \
 && pip uninstall --yes setuptools pip \
 && python -m compileall -q /app

FROM ${PYTHON} AS runtime
# Debian keeps one version of a package, so that a pinned one cannot be had any more some day; the base's digest pins
# what matters. Both packages are what pyodbc loads for Azure SQL.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgssapi-krb5-2 libodbc2 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 cloudsales \
 && useradd --no-log-init --no-create-home --uid 10001 --gid 10001 --shell /usr/sbin/nologin cloudsales \
 && install -d -o cloudsales -g cloudsales -m 0700 /var/cloudsales /var/cloudsales/secrets
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CLOUDSALES_VAR=/var/cloudsales
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /app /app
WORKDIR /app

FROM runtime AS app
# What invoices are set in: without them Japanese, Chinese and Korean names are question marks.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends fonts-dejavu-core fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
ENV GRANIAN_INTERFACE=wsgi \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8080 \
    GRANIAN_WORKERS=2 \
    GRANIAN_BLOCKING_THREADS=1 \
    GRANIAN_RESPAWN_FAILED_WORKERS=true \
    GRANIAN_WORKERS_KILL_TIMEOUT=25 \
    GRANIAN_LOG_CONFIG=/app/granian-logs.json
USER 10001:10001
# Whether a container is well depends on its command: the chart and docker-compose.yml ask each in its own way.
HEALTHCHECK NONE
CMD ["granian", "wsgi:application"]

# Debian's nginx, which the tests run too. `python -m gateway` writes its configuration and becomes it; the chart and
# docker-compose.yml say where the web processes are. It is given no secret.
FROM runtime AS gateway
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nginx \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
STOPSIGNAL SIGQUIT
HEALTHCHECK NONE
CMD ["python", "-m", "gateway", "--help"]
