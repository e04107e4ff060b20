"""What the settings pages show of the machinery, for programs: the queue, and whether the audit chain holds."""
