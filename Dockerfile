# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY requirements/ requirements/
RUN python -m venv /opt/anju \
 && /opt/anju/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY . .
RUN /opt/build/bin/python -m hatchling build -t wheel \
 && /opt/anju/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends openssl && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /var/lib/anju anju \
 && mkdir -p /var/lib/anju/data /secrets && chown -R anju:anju /var/lib/anju /secrets
COPY --from=build /opt/anju /opt/anju
COPY sites/ /sites/
ENV PATH=/opt/anju/bin:$PATH PYTHONUNBUFFERED=1 ANJU_DATA_DIR=/var/lib/anju/data ANJU_SITE=/sites/jinxiu.yaml
USER anju
WORKDIR /var/lib/anju
ENTRYPOINT ["anju"]
CMD ["up"]
