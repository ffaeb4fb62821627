# The nightly run, workers of a cluster and the lookup, as a user without rights; `make image` builds it. The root file system may
# be read-only:
#   docker run --rm --read-only --tmpfs /tmp -v lake:/data recsys run --inbox /data/inbox
#   docker run --rm --read-only --tmpfs /tmp -v lake:/data:ro -p 8350:8350 -e API_KEYS=... recsys serve --host 0.0.0.0
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir "uv>=0.9"
WORKDIR /build
ENV UV_PROJECT_ENVIRONMENT=/opt/recsys UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON=/usr/local/bin/python3
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --extra bucket --extra cluster --no-install-project
COPY recsys recsys
COPY flows flows
COPY sql sql
RUN uv sync --frozen --no-dev --extra bucket --extra cluster --no-editable && /opt/recsys/bin/recsys compile

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin recsys \
 && install --directory --owner recsys --mode 700 /data
COPY --from=build /opt/recsys /opt/recsys
# What is written goes to the lake or to /tmp. The kernels are compiled for the processor that built the image; for another one the
# first run compiles them into the lake's cache.
ENV PATH=/opt/recsys/bin:$PATH HOME=/tmp RECSYS_LAKE=/data PREFECT_HOME=/tmp/prefect PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8350
USER 10001
ENTRYPOINT ["recsys"]
CMD ["--help"]
