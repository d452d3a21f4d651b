# netvigil: worker, topics and webhook receiver.  Runs with a read-only file system, without root, without a compiler.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# The locked packages change rarely: a layer of their own.  Wheels only, each with its hash.
COPY requirements.lock /build/
RUN python -m pip install --only-binary :all: --require-hashes -r /build/requirements.lock

COPY . /build/
RUN python -m pip install --no-deps --no-build-isolation --no-index /build \
 && rm -rf /build \
 && install -d -o 10001 -g 10001 /var/lib/netvigil

# Nobody in particular, without a home.  What must be written goes to /tmp, a tmpfs in compose; what ingest keeps to
# the one folder that is theirs, a volume.
USER 10001:10001
WORKDIR /tmp
ENV HOME=/tmp

CMD ["netvigil", "--help"]
