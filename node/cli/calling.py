"""Calls to the node of an invocation, each with the client certificate of the right role."""

import uuid
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from federation.identifiers import name as checked_name
from node import bootstrap
from node.cli.errors import CLIENT_MISSING, HutongError
from node.cli.session import Session
from node.model import Role

# A partner's deadline is 5 s (node.limits); a call here may wait for one, and for a busy store.
_SECONDS: Final = 20.0
# Items of one page: small enough that the longest fit one message (federation.limits).
_PAGE: Final = 50

DEFAULT: Final = "default"

Answer = dict[str, Any]

_SERVICES: Final = {
    Role.OPERATOR: "OperatorService",
    Role.RESIDENT: "ResidentService",
    Role.VENUE: "VenueService",
    Role.DEPARTMENT: "DepartmentService",
    Role.AUDITOR: "AuditService",
}


class Node:
    """The node of an invocation, as one client sees it."""

    def __init__(
        self,
        session: Session,
        role: Role,
        name: str = DEFAULT,
        *,
        service: str = "",
        seconds: float = _SECONDS,
    ) -> None:
        """Connect as the client of that role and name; raises CLIENT_MISSING.

        Which operator it is, the invocation says. `service` is another one than the role's first,
        such as "OversightService"; each call may take so many `seconds`.
        """
        if role is Role.OPERATOR:
            name = session.operator or DEFAULT
        self._session = session
        self._service = service or _SERVICES[role]
        files = session.client_files() or _own_files(session, role, name)
        for path in (files.certificate, files.key, files.ca):
            if not path.is_file():
                raise HutongError(CLIENT_MISSING, path=str(path), command=_issue(role, name))
        self.certificate = files.certificate
        self._client = bootstrap.local_client(
            address=session.address(),
            certificate=files.certificate,
            key=files.key,
            ca=files.ca,
            timeout_seconds=seconds,
        )
        session.resources.callback(self._client.close)

    def ask(self, method: str, **request: object) -> Answer:
        """Call a method that changes nothing."""
        return self._client.call(f"{self._service}/{method}", request)

    def health(self, part: str, *, seconds: float) -> str:
        """What grpc.health.v1 says of a part of the node, "" for all of it, within that time."""
        return str(self._client.call("Health/Check", {"service": part}, seconds=seconds)["status"])

    def change(self, method: str, request_id: str | None, **request: object) -> Answer:
        """Call a method that changes something, under this request id or a new one.

        Until the answer has come the session keeps the id, so that an error can name it.
        """
        self._session.pending = request_id or str(uuid.uuid4())
        answer = self.ask(method, request_id=self._session.pending, **request)
        self._session.pending = ""
        return answer

    def upload(
        self, method: str, request_id: str | None, parts: Iterable[Mapping[str, Any]]
    ) -> Answer:
        """Call a method of many requests, each of which bears the same request id.

        A part is taken from `parts` when the one before has gone out: what was taken is a fair
        measure of how far the upload has come. The session keeps the id as for `change`.
        """
        own = request_id or str(uuid.uuid4())
        self._session.pending = own
        requests = ({"request_id": own} | dict(part) for part in parts)
        answer = self.load(method, requests)
        self._session.pending = ""
        return answer

    def load(self, method: str, requests: Iterable[Mapping[str, Any]]) -> Answer:
        """As `upload`, for requests that bear no request id."""
        return self._client.upload(f"{self._service}/{method}", requests)

    def follow(self, method: str, **request: object) -> Generator[Answer, None, None]:
        """Call a method of many answers; each as it comes."""
        return self._client.follow(f"{self._service}/{method}", request)

    def every(self, method: str, items: str, **request: object) -> list[Answer]:
        """All items of a paged list: nothing is cut."""
        found: list[Answer] = []
        token = ""
        while True:
            page = self.ask(method, page_size=_PAGE, page_token=token, **request)
            found.extend(page[items])
            token = page["next_page_token"]
            if not token:
                return found


def _own_files(session: Session, role: Role, name: str) -> bootstrap.ClientFiles:
    """The files of a client on the node's own machine, where `init` and `client issue` put them."""
    checked_name(name, where=f"--{role.value}")
    session.settings  # noqa: B018 - says what is wrong with the settings first
    default = bootstrap.default_client(session.settings_path, role)
    return bootstrap.ClientFiles(
        *(_named(path, role, name) for path in (default.certificate, default.key, default.ca))
    )


def _named(path: Path, role: Role, name: str) -> Path:
    return path.with_name(f"{role.value}-{name}{path.suffix}")


def _issue(role: Role, name: str) -> str:
    return f"hutong client issue --role {role.value} --name {name}"
