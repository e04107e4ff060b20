"""Pages of campaigns. Each is load, check, parse, one call, answer."""
