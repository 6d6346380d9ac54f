# docker build -t voxpress .
# docker run --rm -v "$PWD:/data" -v voxpress-store:/store voxpress render prompts.csv -o out
#
# As a server, which listens for others only once there is a key (deploy/compose.yaml has nginx in front):
# docker run --rm -v voxpress-state:/state voxpress keys add app
# docker run -p 8880:8880 -v voxpress-store:/store -v voxpress-state:/state voxpress serve --host 0.0.0.0
#
# For Home Assistant, whose protocol has no keys, so let only Home Assistant reach the port:
# docker run -p 10200:10200 -v voxpress-store:/store -v voxpress-state:/state voxpress serve \
#   --wyoming tcp://0.0.0.0:10200 --allow-open
#
# For the nodes of a Ray cluster (docs/cluster.md):  docker build --target cluster -t voxpress-cluster .
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /opt/voxpress \
 && /opt/voxpress/bin/pip install --no-cache-dir --constraint constraints.txt '.[piper,postgres,server]'
# Prepares the voice once, and fails here if it cannot speak.
RUN /opt/voxpress/bin/voxpress say 'Ready.' --store /tmp/store -o /tmp/ready.wav

# ray[default] has the head's dashboard, which takes jobs.
FROM build AS build-cluster
RUN /opt/voxpress/bin/pip install --no-cache-dir --constraint constraints.txt '.[piper,server,ray]' 'ray[default]'

FROM python:3.12-slim AS base
RUN useradd --create-home --uid 10001 voxpress \
 && mkdir --mode=1777 /store /data \
 && install --directory --owner=voxpress --mode=700 /state
ENV PATH=/opt/voxpress/bin:$PATH \
    VOXPRESS_STORE=/store \
    VOXPRESS_STATE=/state
USER voxpress
VOLUME /store /state
EXPOSE 8880 10200
WORKDIR /data
ENTRYPOINT ["voxpress"]
CMD ["--help"]

FROM base AS cluster
COPY --from=build-cluster /opt/voxpress /opt/voxpress

FROM base
COPY --from=build /opt/voxpress /opt/voxpress
