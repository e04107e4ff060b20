"""`{% may "account.archive" as can_archive %}`: the table of rights, asked from a template."""

from typing import Any

from django import template

from cs_platform.people import policies

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], verb: str) -> bool:
    request = context.get("request")
    return policies.may(getattr(request, "member", None), verb)
