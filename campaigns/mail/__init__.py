"""From a rendered text to the mail server: the bytes of a mail, and the line on which they are handed over."""
