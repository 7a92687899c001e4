import json
import socket

import pytest

from tests.factories import record


@pytest.mark.parametrize("cut", [0, 40, 60, 200])
def test_a_call_that_offers_http_2_is_answered_with_its_body_and_so_is_the_next(served, client, cut):
    with socket.create_connection(("127.0.0.1", served.port), 30) as line:
        for number in (1, 2):
            body = json.dumps(record(f"K-{number}", note="\r\nUpgrade: stays")).encode()
            head = (
                f"POST /v1/kayit HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                f"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {client._wire._token}\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            whole = head + body
            line.sendall(whole[:cut])
            line.sendall(whole[cut:])
            heard = b""
            while b"}" not in heard[-2:]:
                heard += line.recv(65536)

            assert b"INT-VAL" in heard  # the record came, and the note in it is no field of ours
            assert b'"note"' in heard
