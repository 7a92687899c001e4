import contextlib
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integrator.deliver.wire import Limits, Wire
from integrator.sign.trial_pki import make_key

QUICK = Limits(connect=2.0, silence=0.4, total=1.0, reply_bytes=100_000)


class RawServer:
    """Listens on loopback; each connection is given to `act`, in a thread of its own."""

    def __init__(self, act, context=None):
        self._act = act
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        self.requests = []
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    @property
    def address(self):
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.port}/soap-g2?x=1"

    def _listen(self):
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock, number):
        with contextlib.suppress(OSError), contextlib.closing(sock):
            sock.settimeout(5)
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            with contextlib.closing(sock):
                self._act(self, sock, number)

    def take(self, sock):
        """One whole request, or nothing when the other side went away."""
        held = b""
        while b"\r\n\r\n" not in held:
            piece = sock.recv(65536)
            if not piece:
                return None
            held += piece
        head, _, body = held.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += sock.recv(65536)
        self.requests.append((head, body))
        return body

    def close(self):
        self._socket.close()


@pytest.fixture
def serve():
    """Starts a raw server; `act` is a function of (server, socket, number), or the bytes of every answer."""
    servers = []

    def start(act, context=None):
        def answer(server, sock, number):
            while server.take(sock) is not None:
                sock.sendall(act)

        servers.append(RawServer(act if callable(act) else answer, context))
        return servers[-1]

    yield start
    for each in servers:
        each.close()


@pytest.fixture
def wire_to():
    def make(server, limits=QUICK, **options):
        return Wire(server if isinstance(server, str) else server.address, limits, **options)

    return make


class TlsPki:
    """A root and server certificates for this host, made by a call."""

    def __init__(self, folder):
        self._folder = folder
        self._now = datetime.now(UTC)
        self.root_key, self.root = self._make("TEST ROOT", None, ca=True)
        self.ca_file = folder / "root.pem"
        self.ca_file.write_bytes(self.root.public_bytes(Encoding.PEM))

    def _make(self, name, names, *, ca=False, valid=(-1, 9)):
        key = make_key("p-256")
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer, signing = (subject, key) if ca else (self.root.subject, self.root_key)
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(self._now + timedelta(valid[0])).not_valid_after(
            self._now + timedelta(valid[1])
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return key, builder.sign(signing, hashes.SHA256())

    def context(self, host="127.0.0.1", **options):
        """A server's side of TLS with a certificate for `host`."""
        try:
            named = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        key, certificate = self._make("server", [named], **options)
        path = self._folder / f"{certificate.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture
def tls(tmp_path):
    return TlsPki(tmp_path)
