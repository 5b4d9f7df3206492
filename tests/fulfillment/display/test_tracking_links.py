import pytest

from fulfillment.display.tracking_links import safe_tracking_url


@pytest.fixture(autouse=True)
def carriers(settings):
    settings.TRACKING_HOSTS = ["ups.com", "carrier.example"]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://www.ups.com/track?num=1Z999", "https://www.ups.com/track?num=1Z999"),
        ("ups.com/track/1Z999", "https://ups.com/track/1Z999"),
        ("HTTPS://UPS.COM/track", "HTTPS://UPS.COM/track"),
        ("https://ups.com:443/track", "https://ups.com:443/track"),
        (" https://carrier.example/9400 ", "https://carrier.example/9400"),
    ],
)
def test_safe_tracking_url_accepts_https_url_of_known_carrier(text, link):
    assert safe_tracking_url(text) == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9400111899223",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//ups.com",
        "data:text/html,ups.com",
        "http://ups.com/track",
        "//ups.com/track",
        "/ups.com",
        "https://evilups.com/track",
        "https://ups.com.evil.example/track",
        "https://evil.example/ups.com",
        "https://ups.com@evil.example/",
        "https://user:secret@ups.com/",
        "https://ups.com:8443/track",
        "https://ups.com:port/",
        "https://evil.example\\@ups.com/",
        "https://ups.com\\.evil.example/",
        "https://ups.com%2eevil.example/",
        "https://u\u0440s.com/track",
        "https://ups.com/\u202etxt",
        "https://ups.com/a b",
        "https://ups.com/\nx",
        'https://ups.com/"><script>',
        "https://[::1]/ups.com",
        "https://ups.com./track",
        "ftp:ups.com",
    ],
)
def test_safe_tracking_url_rejects_anything_else(text):
    assert safe_tracking_url(text) is None
