"""Bad input at every door: no answer is a server error, and every refusal of the API says so in its one form."""
