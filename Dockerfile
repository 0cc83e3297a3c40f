# One image for web, worker, beat, sender and the one-off migration: only the command differs.
FROM python:3.12-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/base.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r /requirements.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin homeward
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Styles and scripts are collected with the local settings: no secret is needed, none stays in the image.
RUN HOMEWARD_LOCAL=1 python manage.py collectstatic --noinput -v 0 \
 && mkdir -p var/files var/imports && chown homeward var/files var/imports
USER homeward
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "config.probe"]
CMD ["gunicorn", "-c", "python:config.server", "config.wsgi"]
