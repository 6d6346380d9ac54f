# docker build -t voxpress .
# docker run --rm -v "$PWD:/data" -v voxpress-store:/store voxpress render prompts.csv -o out
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m venv /opt/voxpress \
 && /opt/voxpress/bin/pip install --no-cache-dir '.[piper]'
# Prepares the voice once, and fails here if it cannot speak.
RUN /opt/voxpress/bin/voxpress say 'Ready.' --store /tmp/store -o /tmp/ready.wav

FROM python:3.12-slim
COPY --from=build /opt/voxpress /opt/voxpress
RUN useradd --create-home --uid 10001 voxpress \
 && mkdir --mode=1777 /store /data
ENV PATH=/opt/voxpress/bin:$PATH \
    VOXPRESS_STORE=/store
USER voxpress
VOLUME /store
WORKDIR /data
ENTRYPOINT ["voxpress"]
CMD ["--help"]
