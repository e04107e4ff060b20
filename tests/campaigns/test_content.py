"""What a text may say, and what names can do to it: nothing."""

import re
from html.parser import HTMLParser

import pytest

from campaigns.content import FIELDS, BadTemplate, compile_template
from campaigns.shipped import read

REFUSED = [
    "{{7*7}}",
    "{{ 7*'7' }}",
    "{{contact}}",
    "{{contact.password}}",
    "{{contact.__class__}}",
    "{{contact.name.__class__.__mro__}}",
    "{{account.tenant.users}}",
    "{{ account.tenant.api_keys.first.digest }}",
    "{{request.user}}",
    "{{config.items}}",
    "{{self._TemplateReference__context}}",
    "{{cycler.__init__.__globals__.os.popen('id').read()}}",
    "{{contact.name|upper|safe}}",
    "{{contact.name|{{contact.email}}}}",
    "{{contact.name",
    "{{",
    "{{}}",
    "{{ }}",
    "{{contact.name\n|x}}",
    "{{contact.name|\n}}",
    "{{CONTACT.NAME}}",
    "{{settings.SECRET_KEY}}",
    "[x](javascript:alert(1))",
    "[x](//evil.example)",
    "[x](data:text/html,x)",
    "[x](https://me@evil.example)",
    "[x](https://evil.example/{{contact.email}})",
    "https://evil.example/?{{contact.email}}",
    "[x](ftp://files.example)",
    "[x]()",
    "a\x00b",
    "a\u202eb",
    "a\ue000b",
]
LITERAL = [
    "{% debug %}",
    "{% load x %}{% include '/etc/passwd' %}",
    "{# comment #}",
    "%(contact)s %s %d",
    "{0.__globals__} {contact.name} {}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "@{7*7} [[7*7]] $$",
    "}} }}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='https://evil.example' onclick=x>x</a>".replace("https://", ""),
    "&lt;b&gt; &amp;",
    "[x](",
    "**",
    "\\{\\{",
]


@pytest.mark.parametrize("payload", REFUSED)
def test_what_is_no_merge_field_and_no_link_is_refused_when_it_is_saved(payload):
    with pytest.raises(BadTemplate):
        compile_template("Hello", f"Hi\n{payload}")


@pytest.mark.parametrize("payload", LITERAL)
def test_other_template_languages_are_just_text(payload):
    made = compile_template("Hello", payload).render({})
    assert made.text == payload.replace("**", "**")
    assert plain(made.html) == payload and tags(made.html) <= {"p", "br"}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.words, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.words.append(data)


def read_html(page):
    reader = _Reader()
    reader.feed(page)
    return reader


def plain(page):
    return "".join(read_html(page).words)


def tags(page):
    return set(read_html(page).tags)


def test_a_mistake_is_told_with_its_line_and_column():
    with pytest.raises(BadTemplate) as refusal:
        compile_template("Hello", "Hi {{contact.first_name|there}},\n\nyour {{account.plan}} ends")
    assert (refusal.value.line, refusal.value.column, refusal.value.field) == (3, 6, "body")
    assert "account.plan" in str(refusal.value) and refusal.value.code == "unknown_merge_field"
    with pytest.raises(BadTemplate) as refusal:
        compile_template("Hello", "{{contact.name}} {{contact.email}} [x](nowhere)")
    assert refusal.value.column == 36


def test_a_subject_is_one_line():
    with pytest.raises(BadTemplate):
        compile_template("Hello\r\nBcc: x@evil.example", "Hi")


def test_fields_are_filled_and_empty_ones_fall_back():
    made = compile_template("For {{contact.first_name|you}}", "Hi {{ contact.first_name | dear friend }},")
    assert made.render({"contact.first_name": "Ada"}).subject == "For Ada"
    assert made.render({}).text == "Hi dear friend,"
    assert made.render({"contact.first_name": "   "}).text == "Hi dear friend,"


def test_the_little_markup_makes_paragraphs_lists_bold_and_links():
    made = compile_template(
        "Hello", "One **bold**\nsame\n\n- a [site](https://x.example/?a=1&b=2)\n- b\n\n1. c\n2. https://y.example/z."
    ).render({})
    assert made.html == (
        '<p>One <strong>bold</strong><br>same</p>\n<ul><li>a <a href="https://x.example/?a=1&amp;b=2" rel="noopener'
        ' noreferrer">site</a></li><li>b</li></ul>\n<ol><li>c</li><li><a href="https://y.example/z" rel="noopener'
        ' noreferrer">https://y.example/z</a>.</li></ol>'
    )
    assert made.text == "One bold\nsame\n\n- a site (https://x.example/?a=1&b=2)\n- b\n\n1. c\n2. https://y.example/z."


NAMES = [
    "<b>Eve</b>",
    "<a href='https://evil.example'>win</a>",
    "Eve https://evil.example/x",
    "Eve http://evil.example",
    "www.evil.example",
    "evil.example",
    "EVIL.EXAMPLE/path?x=1",
    "eve@evil.example",
    "//evil.example",
    "javascript:alert(1)//evil.example",
    "ftp://evil.example",
    "[win](https://evil.example)",
    "**bold**",
    "{{contact.email}}",
    "{% debug %}",
    "Eve\r\nBcc: all@evil.example",
    "Eve\nX-Header: 1",
    "Eve\u2028https://evil.example",
    "Eve\x00\x1b[31m",
    "\u202eeve",
    "=cmd|' /C calc'!A0",
    "\ue000\ue001",
    '"><script>alert(1)</script>',
    "https://evil.example" * 50,
    "x" * 10_000,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_and_never_a_link(name):
    body = "Hi {{contact.name}} of {{account.name}}, see [us](https://us.example)."
    made = compile_template("For {{contact.name}}", body).render({"contact.name": name, "account.name": name})
    assert read_html(made.html).links == ["https://us.example"] and tags(made.html) == {"p", "a"}
    assert not re.search(r"[\r\n\x00-\x1f\u2028\u202e]", made.subject) and len(made.subject) < 300
    for text in (made.subject, made.text.replace("https://us.example", ""), plain(made.html)):
        assert not re.search(r"(?i)https?:|www\.|//|[a-z0-9]\.[a-z]{2}|@[a-z]", text), text


@pytest.mark.parametrize(
    "name", ["Booking.com", "Dr. Ada Lovelace", "Acme Inc.", "O'Neill & Søns", "Müller-Lüdenscheidt"]
)
def test_an_honest_name_looks_as_it_is(name):
    made = compile_template("{{account.name}}", "{{account.name}}").render({"account.name": name})
    assert made.text.replace("\u200c", "") == name


def test_an_address_stays_an_address():
    made = compile_template("x", "{{contact.email}}")
    assert made.render({"contact.email": "ada@example.com"}).text == "ada@example.com"
    assert "https" not in made.render({"contact.email": "https://evil.example/@x.de"}).text


def test_the_shipped_series_is_fifteen_texts_that_can_be_sent():
    items = read("onboarding")["items"]
    assert len(items) == 15 and len({item["name"] for item in items}) == 15
    for item in items:
        full = compile_template(item["subject"], item["body"].strip()).render(FIELDS)
        bare = compile_template(item["subject"], item["body"].strip()).render({})
        assert 60 < len(full.text.split()) < 200
        assert "{{" not in full.text + bare.text + full.html and "  " not in bare.subject
