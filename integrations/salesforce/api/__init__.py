"""HTTP doors of the Salesforce room."""
