"""The product does not start as somebody whom row-level security does not bind."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from cs_platform.tenancy.pg.base import DatabaseWrapper


def as_user_of(url, monkeypatch):
    """A connection of its own, in a process that has not yet asked who it is."""
    from urllib.parse import urlsplit

    wrapper = connection.copy()
    wrapper.settings_dict = connection.settings_dict | {"USER": urlsplit(url).username}
    monkeypatch.setattr(DatabaseWrapper, "_role_is_known", False)
    return wrapper


@pytest.mark.django_db
def test_the_owner_of_the_tables_is_refused(monkeypatch):
    wrapper = as_user_of(os.environ["DATABASE_OWNER_URL"], monkeypatch)
    with pytest.raises(ImproperlyConfigured, match="not bound by row-level security"):
        wrapper.ensure_connection()
    wrapper.close()


@pytest.mark.django_db
def test_the_role_of_the_product_is_not(monkeypatch):
    wrapper = as_user_of(os.environ["DATABASE_URL"], monkeypatch)
    wrapper.ensure_connection()
    assert DatabaseWrapper._role_is_known
    wrapper.close()
