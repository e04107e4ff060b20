"""Sets `app.tenant_id` for the running transaction, never for the session.

A session-level SET would survive in a transaction-pooled connection and show one tenant's rows to the next client;
`set_config(…, true)` ends with the transaction. In autocommit mode the setting and the statement travel in one
message, which PostgreSQL runs as one transaction.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from cs_platform.tenancy.scope import current_tenant_id

_UNSET = object()
TOO_MIGHTY = """
SELECT rolsuper OR rolbypassrls OR EXISTS (
    SELECT FROM pg_class WHERE relname = 'people_membership' AND relowner = pg_roles.oid
) FROM pg_roles WHERE rolname = current_user
"""


class DatabaseWrapper(base.DatabaseWrapper):
    #: When the running transaction's verb happens, for what it tells and leaves; the ledger sets it.
    moment: datetime | None = None
    _applied: object = _UNSET
    _role_is_known: ClassVar[bool] = False

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._refuse_a_role_that_row_level_security_does_not_bind()
        self._applied = _UNSET
        if self._carry not in self.execute_wrappers:
            self.execute_wrappers.append(self._carry)

    def _refuse_a_role_that_row_level_security_does_not_bind(self) -> None:
        """Once per process: only `migrate` may be the owner, and nobody may be a superuser."""
        if settings.AS_OWNER or DatabaseWrapper._role_is_known:
            return
        assert self.connection is not None
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(TOO_MIGHTY)
            (too_mighty,) = cursor.fetchone() or (True,)
        if too_mighty:
            raise ImproperlyConfigured(
                "DATABASE_URL's role is not bound by row-level security (superuser, BYPASSRLS or owner of the tables). "
                "Use the app role; docs/operations.md says how it is made."
            )
        DatabaseWrapper._role_is_known = True

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        self._applied = _UNSET

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._applied, self.moment = _UNSET, None

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._applied, self.moment = _UNSET, None

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self._applied = _UNSET  # ROLLBACK TO also takes the setting back

    def _carry(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        wanted = current_tenant_id()
        if wanted is None and self._applied is _UNSET:
            return execute(sql, params, many, context)  # nothing set: the policies show no rows
        if self.get_autocommit():
            if wanted is not None and not many and isinstance(sql, str):
                sql = f"select set_config('app.tenant_id','{int(wanted)}',true);{sql}"
        elif self._applied != wanted and not self.needs_rollback:
            assert self.connection is not None
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute(
                    "select set_config('app.tenant_id', %s, true)", ["" if wanted is None else str(int(wanted))]
                )
            self._applied = wanted
        return execute(sql, params, many, context)
