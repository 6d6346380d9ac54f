FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m venv /opt/voxpress \
 && /opt/voxpress/bin/pip install --no-cache-dir '.[piper]'

FROM python:3.12-slim
COPY --from=build /opt/voxpress /opt/voxpress
RUN useradd --create-home --uid 10001 voxpress \
 && mkdir /store && chown voxpress /store
ENV PATH=/opt/voxpress/bin:$PATH \
    VOXPRESS_STORE=/store
USER voxpress
VOLUME /store
WORKDIR /home/voxpress
ENTRYPOINT ["voxpress"]
CMD ["--help"]
