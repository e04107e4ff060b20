"""Idempotency-Key: the same POST again gets the stored answer and has no second effect.

The record is written in the transaction of the effect, under an advisory lock of its key: after a crash there is
either both or neither, and no record is left behind as "running". An action that talks to the outside world must not
hold a transaction open meanwhile; it gets a running record with a deadline instead.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from rest_framework.response import Response

from cs_platform import ledger
from cs_platform.people.api.errors import Problem
from cs_platform.people.api.renderers import dumps
from cs_platform.people.models import IdempotencyRecord
from cs_platform.tenancy.scope import require_tenant_id

KEPT = timedelta(days=1)
OUTSIDE_DEADLINE = timedelta(minutes=5)
WAIT_MS = 2500
Handler = Callable[[], Response]
Redact = Callable[[Response], object]


class Replay:
    """One keyed POST: `answer()` runs the handler or gives what was answered before."""

    def __init__(self, *, route: str, key: str, body: bytes, now: datetime, redact: Redact) -> None:
        if not key or len(key) > 255 or not key.isprintable():
            raise Problem(400, "bad_idempotency_key", "An Idempotency-Key has 1 to 255 printable characters.")
        self.route, self.key, self.now, self.redact = route[:300], key, now, redact
        self.body_digest = hashlib.sha256(body).hexdigest()

    def answer(self, run: Handler, on_refusal: Callable[[Exception], Response], *, outside: bool) -> Response:
        return self._outside(run) if outside else self._inside(run, on_refusal)

    def _inside(self, run: Handler, on_refusal: Callable[[Exception], Response]) -> Response:
        with transaction.atomic():
            with self._alone():
                known = self._known()
            if known:
                return self._again(known)
            try:
                with transaction.atomic():
                    response = run()
            except ledger.Refused as refusal:
                response = on_refusal(refusal)  # a refusal is an answer as well: asked again, it is said again
            if response.status_code < 400 or response.status_code == 409:
                self._keep(response)
            return response

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else works on this key until the transaction ends; a short wait first, since most repetitions come
        from a client that lost patience a moment ago."""
        name = f"{require_tenant_id()}:{self.route}:{self.key}"
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
            waited = 0
            while not cursor.fetchone()[0]:
                if waited >= WAIT_MS:
                    raise _busy()
                waited += 50
                cursor.execute("SELECT pg_sleep(0.05)")
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        yield

    def _known(self) -> IdempotencyRecord | None:
        record = IdempotencyRecord.objects.filter(route=self.route, key=self.key).first()
        if record and record.created_at < self.now - KEPT:
            record.delete()
            return None
        return record

    def _again(self, record: IdempotencyRecord) -> Response:
        if record.body_digest != self.body_digest:
            raise Problem(422, "idempotency_mismatch", "This Idempotency-Key was used with another body.")
        if not record.status:
            raise _busy()
        import orjson

        headers = {**record.headers, "Idempotent-Replayed": "true"}
        content_type = "application/problem+json" if record.status >= 400 else None
        return Response(orjson.loads(record.answer), record.status, headers=headers, content_type=content_type)

    def _keep(self, response: Response) -> None:
        IdempotencyRecord.objects.create(
            route=self.route,
            key=self.key,
            body_digest=self.body_digest,
            status=response.status_code,
            answer=dumps(self.redact(response)).decode(),
            headers={k: v for k, v in response.items() if k in ("ETag", "Location")},
            created_at=self.now,
        )

    def _outside(self, run: Handler) -> Response:
        with transaction.atomic():
            with self._alone():
                known = self._known()
            overdue = known and not known.status and known.busy_until and known.busy_until < self.now
            if known and not overdue:
                return self._again(known)
            if known:
                known.delete()
            record = IdempotencyRecord.objects.create(
                route=self.route,
                key=self.key,
                body_digest=self.body_digest,
                created_at=self.now,
                busy_until=self.now + OUTSIDE_DEADLINE,
            )
        try:
            response = run()
        except BaseException:
            record.delete()
            raise
        if response.status_code >= 400:
            record.delete()
            return response
        record.status, record.answer = response.status_code, dumps(self.redact(response)).decode()
        record.save(update_fields=["status", "answer"])
        return response


def _busy() -> Problem:
    return Problem(
        409, "idempotency_running", "The first request with this key is still running.", headers={"Retry-After": "1"}
    )
