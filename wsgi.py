"""For servers that want a module: `gunicorn wsgi:app`."""

from casefile.config import load
from casefile.doorway import Doorway

app = Doorway(load())
