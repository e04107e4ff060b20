"""New values for rows that are known, each its own, in one UPDATE for hundreds of them. Nothing is recorded: the verbs
on sets do that; tables that are not audited are written with it as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import connection, models

from cs_platform.tenancy.scope import require_tenant_id


def overwrite(objs: Sequence[models.Model], attnames: Sequence[str], *, batch_size: int = 1000) -> None:
    """Write these attributes of these objects of one model, as they are, over their rows.

    UPDATE … FROM (VALUES …): the ORM's bulk_update writes a CASE per row and column, which takes some twenty times as
    long as all the rest of a page of a sync.
    """
    if not objs:
        return
    model = type(objs[0])
    quote: Any = connection.ops.quote_name
    by_attname = {field.attname: field for field in model._meta.concrete_fields}
    fields: list[Any] = [by_attname[attname] for attname in attnames]
    pk: Any = model._meta.pk
    table, key = quote(model._meta.db_table), quote(pk.column)
    columns = ", ".join(f"{quote(field.column)} = v.c{n}{cast(field)}" for n, field in enumerate(fields))
    names = ", ".join(f"c{n}" for n in range(len(fields)))
    row = f"(%s{cast(pk)}, {', '.join('%s' + cast(field) for field in fields)})"
    with connection.cursor() as cursor:
        for start in range(0, len(objs), batch_size):
            batch = objs[start : start + batch_size]
            params: list[Any] = []
            for obj in batch:
                params.append(pk.get_db_prep_save(obj.pk, connection))
                params += [field.get_db_prep_save(getattr(obj, field.attname), connection) for field in fields]
            cursor.execute(
                f"UPDATE {table} t SET {columns} FROM (VALUES {', '.join([row] * len(batch))}) AS v (pk, {names})"
                f" WHERE t.tenant_id = %s AND t.{key} = v.pk",
                [*params, require_tenant_id()],
            )


def cast(field: Any) -> str:
    """The cast to the type of this field's column, for a parameter in SQL of ours."""
    kind = field.db_type(connection) or field.rel_db_type(connection)
    kind = getattr(field, "target_field", field).rel_db_type(connection) if field.is_relation else kind
    # Without its length: a cast to varchar(5) cuts a longer value silently, the assignment to the column refuses it.
    return "::" + re.sub(r"\(\d+\)", "", str(kind))
