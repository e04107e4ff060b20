"""A page as a browser reads it: its forms, what each field would send, and what its links ask for."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def values(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self.fields.items() for value in values]

    def offered(self) -> dict[str, set[str]]:
        """All that each field could send: what it holds, and what it lets one choose."""
        return {
            name: {*self.fields.get(name, []), *self.choices.get(name, [])} for name in {*self.fields, *self.choices}
        }


class Reader(HTMLParser):
    def __init__(self, where: str) -> None:
        super().__init__()
        self.where, self.forms, self.query = where, [], set()  # type: ignore[var-annotated]
        self.form: Form | None = None
        self.select, self.text = "", ""

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in pairs}
        for name in ("href", "hx-get", "action"):
            self.query |= {key for key, _ in parse_qsl(urlsplit(given.get(name, "")).query, keep_blank_values=True)}
        if tag == "form":
            action = given.get("action") or given.get("hx-post") or given.get("hx-get") or self.where
            self.form = Form(urljoin(self.where, action), given.get("method", "get").lower())
            self.forms.append(self.form)
        elif "hx-post" in given:
            self.forms.append(Form(urljoin(self.where, given["hx-post"]), "post"))
        if self.form is None or not (name := given.get("name", "")):
            if tag == "option" and self.form is not None:
                self._option(given)
            return
        if tag == "select":
            self.select = name
            self.form.fields.setdefault(name, [])
        elif tag == "textarea":
            self.text = name
            self.form.fields.setdefault(name, [""])
        elif tag in ("input", "button") and name != "csrfmiddlewaretoken":
            self._input(name, given)

    def _input(self, name: str, given: dict[str, str]) -> None:
        assert self.form is not None
        value = given.get("value", "on" if given.get("type") == "checkbox" else "")
        self.form.choices.setdefault(name, []).append(value)
        if given.get("type") not in ("checkbox", "radio", "submit") or "checked" in given:
            self.form.fields.setdefault(name, []).append(value)

    def _option(self, given: dict[str, str]) -> None:
        assert self.form is not None
        if self.select:
            self.form.choices.setdefault(self.select, []).append(given.get("value", ""))
            if "selected" in given:
                self.form.fields[self.select].append(given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.text and self.form is not None:
            self.form.fields[self.text][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.text = ""


def read(page: str, where: str) -> Reader:
    reader = Reader(where)
    reader.feed(page)
    for form in reader.forms:
        if form.method == "get":
            reader.query |= set(form.fields) | set(form.choices)
    return reader
