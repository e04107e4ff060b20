"""audit/check: the chain of hashes, walked again."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.people.api import serializers
from cs_platform.people.api.frame import TenantAPIView
from cs_platform.workspace import selectors


class ChainBreakOut(serializers.StrictSerializer):
    seq = serializers.IntegerField()
    reason = serializers.CharField()


class ChainOut(serializers.StrictSerializer):
    holds = serializers.SerializerMethodField()
    calls = serializers.IntegerField(help_text="Links of the chain.")
    checked = serializers.IntegerField(help_text="How many of them were walked.")
    head = serializers.CharField(help_text="The hash of the newest link. Keep it outside, to compare later.")
    breaks = ChainBreakOut(many=True)

    def get_holds(self, chain: Any) -> bool:
        return not chain.breaks


class AuditCheck(TenantAPIView):
    required = {"get": "audit.view"}

    @extend_schema(responses=ChainOut)
    def get(self, request: Request) -> Response:
        """Walk the chain of the audit log again: what was altered, removed or put in between is named."""
        return Response(ChainOut(selectors.chain_state()).data)
