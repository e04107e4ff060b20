"""What a message says: the author's text with merge fields, made into a subject, a plain part and an HTML part.

No template engine ever sees the text. A merge field is a name of a fixed list with a fall-back; a name that is not in
the list is refused when the text is saved. Values are one line, carry no address that a mail program would make a link
of, and are escaped in the HTML part.
"""

from campaigns.content.compiled import LONGEST_BODY, Compiled, Rendered, compile_template
from campaigns.content.fields import FIELDS, Values
from campaigns.content.merge import BadTemplate

__all__ = ["FIELDS", "LONGEST_BODY", "BadTemplate", "Compiled", "Rendered", "Values", "compile_template"]
