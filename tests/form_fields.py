"""What a browser would send."""

from html.parser import HTMLParser


class FormFieldParser(HTMLParser):
    """What a browser would send back if the person pressed the button without touching anything."""

    def __init__(self, html):
        super().__init__()
        self.data, self.select = {}, None
        self.feed(html.split('<form class="form"')[1].split("</form>")[0])

    def handle_starttag(self, tag, attributes):
        attrs = dict(attributes)
        if tag == "select":
            self.select = attrs["name"]
        elif tag == "option" and "selected" in attrs:
            self.data.setdefault(self.select, []).append(attrs["value"])
        default = "on" if attrs.get("type") == "checkbox" else ""
        if tag == "input" and "disabled" not in attrs and (attrs.get("type") != "checkbox" or "checked" in attrs):
            self.data.setdefault(attrs["name"], []).append(attrs.get("value", default))
