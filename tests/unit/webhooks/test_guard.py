import ipaddress
import threading

import pytest

from integrator.domain.errors import RefusedAddress
from integrator.webhooks.guard import Guard, NotResolved

PUBLIC = "93.184.215.14"


def guard(*answers, **rules):
    return Guard(resolve=lambda host, port: answers or (PUBLIC,), **rules)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/hook",
        "https://EXAMPLE.com",
        "https://example.com:443/a?b=c%20d",
        "https://xn--rnek-5qa.example/",
        "https://93.184.215.14/x",
        "https://[2606:4700::1111]/x",
    ],
)
def test_an_ordinary_address_is_read(address):
    assert guard().reach(guard().read(address))


@pytest.mark.parametrize(
    "address",
    [
        "", "example.com", "//example.com", "http://example.com/", "ftp://example.com", "gopher://example.com",
        "file:///etc/passwd", "https://", "https:///x", "https://example.com:8443/", "https://example.com:0/",
        "https://example.com:99999/", "https://example.com:/", "https://user@example.com/", "https://a:b@example.com/",
        "https://@example.com/", "https://example.com@127.0.0.1/", "https://example.com/#x", "https://example.com/#",
        "https://example.com./", "https://.example.com/", "https://exa mple.com/", "https://example.com/\r\nX: y",
        "https://example.com\\@127.0.0.1/", "https://exa\tmple.com/", "https://örnek.com/", "https://example.com/ö",
        "https://①②⑦.⓪.⓪.①/", "https://example。com/", "https://%31%32%37.0.0.1/", "https://example.com%00.x/",
        "https://0x7f.1/", "https://2130706433/", "https://0177.1/", "https://0177.0.0.1/", "https://127.1/",
        "https://0x7f000001/", "https://1.2.3.4.5/", "https://example.0x10/", "https://127.0.0.1./",
        "https://[::1", "https://::1/", "https://[fe80::1%25eth0]/", "https://[v1.x]/", "https://[::1]x/",
        "https://[2606:4700::1111]@127.0.0.1/", "https://example.com/10000000146", "https://-a.example/",
        "https://example.com/" + "a" * 2_048, "https://" + "a" * 64 + ".example/",
        "https://" + "a.a" * 85 + ".example/",
    ],
)  # fmt: skip
def test_an_address_of_another_or_a_second_reading_is_refused(address):
    with pytest.raises(RefusedAddress):
        guard().read(address)


SPECIAL = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "ff02::1", "not an address",
]  # fmt: skip


@pytest.mark.parametrize("place", SPECIAL)
def test_a_name_that_leads_to_a_special_address_is_refused(place):
    with pytest.raises(RefusedAddress):
        guard(place).reach(guard().read("https://example.com/"))


@pytest.mark.parametrize("place", [each for each in SPECIAL if "%" not in each and "not" not in each])
def test_the_same_address_written_out_is_refused(place):
    told = guard().read(f"https://[{place}]/" if ":" in place else f"https://{place}/")

    with pytest.raises(RefusedAddress):
        guard().reach(told)


@pytest.mark.parametrize("place", ["93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2001:4860::8888"])
def test_a_public_address_is_let_through(place):
    assert guard(place).reach(guard().read("https://example.com/")) == (place,)


def test_one_special_address_among_public_ones_is_enough():
    with pytest.raises(RefusedAddress):
        guard(PUBLIC, "10.0.0.1").reach(guard().read("https://example.com/"))


def test_a_name_is_resolved_anew_each_time_so_rebinding_is_seen():
    answers = [[PUBLIC], ["127.0.0.1"]]
    one = Guard(resolve=lambda host, port: answers.pop(0))
    target = one.read("https://example.com/")

    assert one.reach(target) == (PUBLIC,)
    with pytest.raises(RefusedAddress):
        one.reach(target)


def test_an_allowed_network_is_let_through_and_a_refused_one_never():
    allowed, refused = (ipaddress.ip_network("127.0.0.0/8"),), (ipaddress.ip_network("93.184.215.0/24"),)
    rules = guard(schemes=("http", "https"), ports=(0,), allowed=allowed, refused=refused)

    assert rules.reach(rules.read("http://127.0.0.1:8080/")) == ("127.0.0.1",)
    assert rules.is_public("127.9.9.9") and not rules.is_public("10.0.0.1") and not rules.is_public(PUBLIC)


def test_the_error_says_what_is_wrong_and_quotes_nothing():
    with pytest.raises(RefusedAddress) as caught:
        guard().read("http://example.com/secret-token")

    assert "https" in caught.value.detail and "secret-token" not in caught.value.detail


def test_a_name_without_addresses_and_a_resolver_that_hangs_are_told_as_such():
    def fails(host, port):
        raise OSError("no such name")

    hangs = threading.Event()
    target = guard().read("https://example.com/")
    for each in (fails, lambda host, port: [], lambda host, port: hangs.wait(20) and []):
        with pytest.raises(NotResolved):
            Guard(resolve=each, seconds=0.05).reach(target)
    hangs.set()


def test_the_system_resolver_answers_for_this_host():
    rules = Guard(
        schemes=("http",), ports=(0,), allowed=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
    )

    assert set(rules.reach(rules.read("http://localhost:1/"))) <= {"127.0.0.1", "::1"}
