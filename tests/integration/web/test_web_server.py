import socket
from contextlib import closing

from integrator.settings import WebSettings
from integrator.web.server import listen


def test_a_call_inherits_that_nothing_waits_for_an_acknowledgement():
    with closing(listen(WebSettings(port=0))) as door, closing(socket.create_connection(door.getsockname())):
        call, _ = door.accept()

        with closing(call):
            assert call.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
