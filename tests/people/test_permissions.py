"""The one table of rights."""

import pytest

from cs_platform.people import policies
from cs_platform.people.models import ApiKey, Membership, Role
from cs_platform.people.permissions import SCOPES, VERBS


def member(*roles, active=True):
    return Membership(roles=list(roles), is_active=active)


def key(*scopes):
    return ApiKey(scopes=list(scopes))


@pytest.mark.parametrize("verb", VERBS)
def test_owner_and_admin_may_everything_and_nobody_nothing(verb):
    assert policies.may(member("owner"), verb) and policies.may(member("admin"), verb)
    assert not policies.may(member(), verb) and not policies.may(None, verb)
    assert not policies.may(member("owner", active=False), verb)
    assert policies.may(key("admin"), verb) and not policies.may(key(), verb)


@pytest.mark.parametrize("verb", VERBS)
def test_a_viewer_only_looks(verb):
    assert not policies.may(member("viewer"), verb) or verb.endswith(".view")


@pytest.mark.parametrize(("verb", "right"), VERBS.items())
def test_a_reading_scope_does_not_write(verb, right):
    assert right.scope in SCOPES and right.roles <= set(Role)
    if right.scope.endswith(":read"):
        assert verb.endswith(".view")
    elif right.scope.endswith(":write"):
        assert not verb.endswith(".view")


def test_the_support_level_is_set_by_leadership():
    allowed = {role for role in Role if policies.may(member(role), "account.set_support_level")}
    assert allowed == {"owner", "admin", "ta_leader", "cs_ops"}


def test_several_roles_add_up():
    assert policies.may(member("viewer", "ta_leader"), "account.set_support_level")


def test_require_says_what_is_missing():
    with pytest.raises(policies.MissingScope, match="accounts:write"):
        policies.require(key("accounts:read"), "account.edit")
    with pytest.raises(policies.PermissionDenied, match="archive an account"):
        policies.require(member("viewer"), "account.archive")


def test_a_viewset_that_forgets_a_right_cannot_be_imported():
    from cs_platform.people.api import Lists, TenantViewSet

    with pytest.raises(TypeError, match="list requires"):
        type("Forgetful", (Lists, TenantViewSet), {"required": {}})
    with pytest.raises(TypeError, match=r"permissions\.py"):
        type("Misspelt", (Lists, TenantViewSet), {"required": {"list": "account.veiw"}})
    with pytest.raises(TypeError, match="rows"):
        type("Open", (Lists, TenantViewSet), {"required": {"list": "account.view"}, "get_queryset": lambda self: None})
