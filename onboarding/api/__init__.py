"""Hand-offs over HTTP."""
