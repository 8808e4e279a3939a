"""For servers that want a module: `gunicorn wsgi:app`."""

from casefile.app import create_app

app = create_app()
