"""The operator's commands: what they print and how they refuse."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cs_platform.people.models import Invitation
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope

pytestmark = pytest.mark.django_db
GOOD = {"name": "Globex", "timezone": "Europe/Paris", "owner_email": "Boss@Globex.example.com"}


def test_create_tenant_prints_the_link_and_it_works(capsys):
    call_command("create_tenant", "globex", **GOOD)
    link = capsys.readouterr().out.strip()
    assert link.startswith("http") and link.endswith("/") and "\n" not in link
    tenant = Tenant.objects.get(slug="globex")
    with tenant_scope(tenant):
        assert Invitation.objects.get().roles == ["owner"]
    shown = Client().get("/invitations/" + link.rsplit("/", 2)[1] + "/")
    assert shown.status_code == 200 and b"boss@globex.example.com" in shown.content


@pytest.mark.parametrize(
    ("slug", "wrong", "says"),
    [
        ("Globex", {}, "not a slug"),
        ("glo bex", {}, "not a slug"),
        ("", {}, "not a slug"),
        ("x" * 60, {}, "not a slug"),
        ("globex", {"timezone": "Europe/Atlantis"}, "time zone"),
        ("globex", {"timezone": "../etc/passwd"}, "time zone"),
        ("globex", {"owner_email": "boss"}, "e-mail"),
        ("globex", {"name": " "}, "name"),
        ("globex", {"name": "a\x00b"}, "name"),
        ("acme", {}, "taken"),
    ],
)
def test_create_tenant_refuses_clearly_and_leaves_nothing(acme, slug, wrong, says):
    before = Tenant.objects.count()
    with pytest.raises(CommandError, match=says):
        call_command("create_tenant", slug, **(GOOD | wrong))
    assert Tenant.objects.count() == before


def test_create_api_key_prints_a_key_that_works(acme, capsys):
    call_command("create_api_key", tenant="acme", name="reports", scopes="members:read, accounts:read")
    key = capsys.readouterr().out.strip()
    assert Client().get("/api/v1/members/", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert Client().get("/api/v1/audit/", headers={"Authorization": f"Bearer {key}"}).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"tenant": "nowhere"}, "no tenant"), ({"scopes": "accounts:reed"}, "accounts:reed"), ({"scopes": ","}, "scope"),
     ({"name": ""}, "name")],
)  # fmt: skip
def test_create_api_key_refuses_clearly(acme, wrong, says):
    with pytest.raises(CommandError, match=says):
        call_command("create_api_key", **({"tenant": "acme", "name": "n", "scopes": "admin"} | wrong))


def test_tenant_shell_sees_one_tenant(acme, ana, otto, capsys):
    code = "from cs_platform.people.models import Membership; print([str(m) for m in Membership.objects.all()])"
    call_command("tenant_shell", "acme", command=code)
    assert capsys.readouterr().out.strip() == "['Ana']"
    with pytest.raises(CommandError, match="no tenant"):
        call_command("tenant_shell", "nowhere")
