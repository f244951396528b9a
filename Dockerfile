# One image for the API, the workers and the migrations; the command says which.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/scryon
ENV PATH=/opt/scryon/bin:$PATH
COPY requirements.lock .
# The lock file as constraints: the image takes the same versions, without the development tools.
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY rest rest
COPY jobs jobs
COPY graphql graphql
RUN pip install --no-cache-dir --constraint requirements.lock ".[local]"

FROM python:3.12-slim
COPY --from=build /opt/scryon /opt/scryon
RUN useradd --system --create-home --home-dir /var/lib/scryon --shell /usr/sbin/nologin scryon
ENV PATH=/opt/scryon/bin:$PATH PYTHONUNBUFFERED=1 SCRYON_DATA_DIR=/var/lib/scryon/data
USER scryon
WORKDIR /var/lib/scryon
EXPOSE 8080
CMD ["scryon", "serve"]
