"""Triggers: what the application promises, the database refuses to break."""

from collections.abc import Sequence

import pgtrigger

MARKER = "app.ledger"


def state_guard(field: str, *, column: str = "") -> pgtrigger.Trigger:
    """A state changes only through the ledger, which says so in the transaction; a plain UPDATE is refused."""
    column = column or field
    return pgtrigger.Trigger(
        name=f"guard_{field}",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"'),
        func=f"""
            IF current_setting('{MARKER}', true) IS DISTINCT FROM 'on' THEN
                RAISE EXCEPTION 'the column {column} of % changes through the ledger only', TG_TABLE_NAME
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        """,
    )


def append_only(words: str, *, except_for: Sequence[str] = (), while_empty: str = "") -> pgtrigger.Trigger:
    """Rows are written once. `except_for` names columns that may be filled in once, while `while_empty` (a condition
    on OLD) still holds."""
    allowed = ""
    if except_for:
        columns = ", ".join(f"'{column}'" for column in except_for)
        allowed = f"""
            IF TG_OP = 'UPDATE' AND ({while_empty})
                AND (to_jsonb(OLD) - ARRAY[{columns}]) = (to_jsonb(NEW) - ARRAY[{columns}]) THEN
                RETURN NEW;
            END IF;
        """
    return pgtrigger.Trigger(
        name="append_only",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            {allowed}
            RAISE EXCEPTION '{words} are append-only' USING ERRCODE = 'integrity_constraint_violation';
        """,
    )
