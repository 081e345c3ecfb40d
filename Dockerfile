# Ramekin in a container: one process, no shell needed, nothing to write.
#
#   docker build -t ramekin .
#   docker run --rm -p 127.0.0.1:8000:8000 -e RAMEKIN_INSECURE=true ramekin demo
#
# It listens on all addresses of the container, so it asks for a key (RAMEKIN_API_KEY) or for RAMEKIN_INSECURE.
#
# The base is an argument, so that a digest, a mirror or another distribution's Python can take its place. Nothing
# below names a path of the base: it needs `python3` 3.11 or later with venv.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/run.lock requirements/build.lock requirements/
RUN python3 -m venv /opt/ramekin \
    && /opt/ramekin/bin/python -m pip install --require-hashes -r requirements/run.lock \
    && python3 -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
# The wheel is built with the locked build backend, and installed without looking at any index. The tools that are
# only needed here (pip) leave the environment before it is copied; bytecode is compiled now, since nothing can be
# written later.
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
    && /opt/ramekin/bin/python -m pip install --no-deps --no-index dist/*.whl \
    && /opt/ramekin/bin/python -m pip uninstall --yes pip setuptools \
    && python3 -m compileall -q /opt/ramekin/lib \
    && mkdir /build/data

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Ramekin" \
      org.opencontainers.image.description="An in-memory database served over REST" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/ramekin /opt/ramekin
# A volume that is mounted here for the first time takes its owner from the image.
COPY --from=build --chown=10001:10001 /build/data /data
ENV RAMEKIN_HOST=0.0.0.0 \
    RAMEKIN_LOG_FORMAT=json \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/opt/ramekin/bin/ramekin", "health"]
ENTRYPOINT ["/opt/ramekin/bin/ramekin"]
CMD ["serve"]
