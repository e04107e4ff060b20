"""The room's resources in the REST API."""
