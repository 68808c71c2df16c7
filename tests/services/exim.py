"""A real mail server, Debian's Exim, on loopback: STARTTLS, TLS, AUTH; it fills a Maildir.

with Exim() as server:
    ...                                    # send to localhost, server.port, ca server.ca_file
    mails = server.maildir("anna@example.test")
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import trustme
from services.ports import free_port

PROGRAM = Path("/usr/sbin/exim4")
USER, PASSWORD = "monitor", "s3cret"

_CONFIG = """
primary_hostname = mail.example.test
qualify_domain = example.test
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
pid_file_path = {d}/exim.pid
exim_user = {user}
exim_group = {group}
never_users =
deliver_drop_privilege
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
tls_certificate = {d}/chain.pem
tls_privatekey = {d}/key.pem
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
host_lookup =
rfc1413_hosts =
disable_ipv6
smtp_accept_max = 100
smtp_accept_max_per_host = 100
message_size_limit = 1M
smtputf8_advertise_hosts = *
acl_smtp_rcpt = acl_rcpt
keep_environment =
smtp_banner = mail.example.test ESMTP
queue_only = false
smtp_accept_queue_per_connection = 0

begin acl
acl_rcpt:
  deny  message = 550 5.7.1 authentication needed
        ! authenticated = *
  deny  message = 550 5.1.1 no such user
        local_parts = nobody-here
  defer message = 451 4.7.1 try again later
        local_parts = later
  accept

begin routers
all:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = {d}/mail
  maildir_format
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{monitor}}}}{{eq{{$auth3}}{{s3cret}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{monitor}}}}{{eq{{$auth2}}{{s3cret}}}}}}}}
  server_set_id = $auth1
"""


class Exim:
    """Be a mail server: `port` has STARTTLS, `tls_port` TLS; both want a login.

    nobody-here@ is refused for ever (550), later@ for now (451); all others are delivered.
    """

    def __enter__(self) -> Self:
        self._dir = Path(tempfile.mkdtemp(prefix="exim-", dir="/tmp"))
        self._dir.chmod(0o755)
        self.ca_file = str(self._dir / "ca.pem")
        self.port, self.tls_port = free_port(), free_port()
        name = "Debian-exim" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        user = pwd.getpwnam(name)
        self._certify()
        self._prepare(user)
        self._start(user)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        shutil.rmtree(self._dir, ignore_errors=True)

    def maildir(self, address: str) -> list[bytes]:
        """List the mails delivered to an address, oldest first."""
        wanted = f"envelope-to: {address.lower()}".encode()
        found = sorted((self._dir / "mail" / "new").glob("*"))
        return [mail for file in found if wanted in (mail := file.read_bytes()).lower()]

    def wait_for(self, address: str, count: int, within_seconds: float = 30.0) -> list[bytes]:
        """Wait until an address has `count` mails; Exim delivers after it has accepted."""
        end = time.monotonic() + within_seconds
        while len(found := self.maildir(address)) < count and time.monotonic() < end:
            time.sleep(0.05)
        assert len(found) >= count, (self._dir / "log" / "mainlog").read_text()[-2000:]
        return found

    def _certify(self) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "127.0.0.1", "mail.example.test")
        authority.cert_pem.write_to_path(self.ca_file)
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        (self._dir / "chain.pem").write_bytes(chain)
        (self._dir / "key.pem").write_bytes(certificate.private_key_pem.bytes())

    def _prepare(self, user: pwd.struct_passwd) -> None:
        for name in ("spool", "log", "mail"):
            (self._dir / name).mkdir()
        for name in ("spool", "log", "mail", "key.pem"):
            os.chown(self._dir / name, user.pw_uid, user.pw_gid)
        (self._dir / "key.pem").chmod(0o600)
        config = _CONFIG.format(
            d=self._dir,
            user=user.pw_name,
            group=user.pw_gid,
            port=self.port,
            tls_port=self.tls_port,
        )
        (self._dir / "exim.conf").write_text(config)

    def _start(self, user: pwd.struct_passwd) -> None:
        # As the exim user from the start: Exim runs itself again to deliver, and only a caller
        # that never was root keeps -C.
        ids = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        as_user = ["setpriv", *ids] if os.geteuid() == 0 else []
        command = [*as_user, str(PROGRAM), "-C", str(self._dir / "exim.conf"), "-bdf", "-q1m"]
        with (self._dir / "out").open("w") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while not _listens(self.tls_port):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self._dir / "out").read_text())
            time.sleep(0.05)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True
