"""A stub of Parameter Store on this machine, which a Lambda project reads its secrets from over TLS."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOST: Final = "127.0.0.1"


@contextmanager
def parameter_store(path: str, values: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Serves these values under the path; gives the variables by which a project finds it.

    SSL_CERT_FILE holds the machine's usual authorities and the stub's own, so that as many are read as ever.
    """
    parameters = [{"Name": f"{path}/{name}", "Value": value} for name, value in values.items()]
    with ThreadingHTTPServer((_HOST, 0), _handler(json.dumps({"Parameters": parameters}).encode())) as server:
        certificate = _certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "AWS_ENDPOINT_URL_SSM": f"https://{_HOST}:{server.server_port}/",
            "PROMPTSTUDIO_PARAMETERS": path,
            "SSL_CERT_FILE": str(_authorities(certificate)),
        }
        server.shutdown()


def _handler(answer: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler


def _certificate(folder: Path) -> Path:
    """A file with a fresh key and the certificate that it signs for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Parameter Store's stub")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "store.pem"
    file.write_bytes(secret + certificate.public_bytes(pem))
    return file


def _authorities(certificate: Path) -> Path:
    """A file with the certificates that this machine trusts, and this one."""
    usual = ssl.create_default_context().get_ca_certs(binary_form=True)
    own = ssl.PEM_cert_to_DER_cert(certificate.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    file = certificate.with_name("authorities.pem")
    file.write_text("".join(ssl.DER_cert_to_PEM_cert(der) for der in [*usual, own]))
    return file
