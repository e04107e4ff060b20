"""tasks/ over HTTP."""
