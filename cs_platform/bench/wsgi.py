"""Requests through WSGI in this process, as a browser and as a program send them."""

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.wsgi import get_wsgi_application

from cs_platform.bench.data import Book
from cs_platform.people import entry

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HOST = "127.0.0.1"


def product() -> App:
    return get_wsgi_application()


def cookie(book: Book) -> str:
    """The session of the tenant's owner."""
    user, session = book.owner.user, SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[entry.SESSION_KEY] = book.tenant.pk
    session.create()
    return f"sessionid={session.session_key}"


def as_page(book: Book) -> dict[str, str]:
    return {"Cookie": cookie(book)}


def as_program(book: Book) -> dict[str, str]:
    return {"Authorization": f"Bearer {book.key}"}


def get(app: App, address: str, headers: dict[str, str] | None = None) -> bytes:
    """The body of an answer that must be 200."""
    path, _, query = address.partition("?")
    said: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": HOST,
        "REMOTE_ADDR": HOST,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }
    answer = app(environ, lambda status, *_: said.append(status))
    try:
        body = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close:
            close()
    if not said[0].startswith("200"):
        raise RuntimeError(f"{address} answered {said[0]}: {body[:300]!r}")
    return body
