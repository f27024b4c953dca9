"""The reasons that the command line adds to those of the node."""

import click

from federation.errors import HutongError, Reason, Status
from node.cli.texts import LANGUAGES, text

__all__ = [
    "CLIENT_ENDED",
    "CLIENT_MISSING",
    "COMMAND_LINE",
    "METRICS_OFF",
    "SETTINGS_MISSING",
    "UNEXPECTED",
    "HutongError",
    "Misused",
    "Wrong",
]

SETTINGS_MISSING = Reason(
    "SETTINGS_MISSING",
    Status.FAILED_PRECONDITION,
    "There is no settings file {path}; give --settings FILE, or make a node with `hutong init`. "
    "For a node on another machine give --address, --certificate, --key and --ca.",
    "没有配置文件 {path}；请用 --settings 指定，或用 `hutong init` 建立节点。"
    "若节点在另一台机器上，请给出 --address、--certificate、--key 和 --ca。",
)
CLIENT_MISSING = Reason(
    "CLIENT_MISSING",
    Status.FAILED_PRECONDITION,
    "There is no client file {path}; make it with `{command}`.",
    "没有客户端文件 {path}；请用 `{command}` 签发。",
)
METRICS_OFF = Reason(
    "METRICS_OFF",
    Status.FAILED_PRECONDITION,
    'The node measures nothing that can be read: set metrics_listen = "127.0.0.1:9464" in {path} '
    "and restart it, or give --metrics HOST:PORT for each of its processes.",
    '节点未开放指标：请在 {path} 中设置 metrics_listen = "127.0.0.1:9464" 并重启，'
    "或用 --metrics HOST:PORT 逐一指定其进程。",
)
CLIENT_ENDED = Reason(
    "CLIENT_ENDED",
    Status.UNAUTHENTICATED,
    "The client's certificate {path} has ended; make a new one with `hutong client issue`.",
    "客户端证书 {path} 已过期；请用 `hutong client issue` 重新签发。",
)
UNEXPECTED = Reason(
    "UNEXPECTED",
    Status.INTERNAL,
    "Something went wrong inside the command ({kind}); run it again with --debug to see where.",
    "命令内部出错（{kind}）；请加上 --debug 重新运行以查看位置。",
)
COMMAND_LINE = Reason("COMMAND_LINE", Status.INVALID_ARGUMENT, "{problem}", "{problem}")


class Wrong(click.BadParameter):
    """A value on the command line that cannot be, said in both languages."""

    def __init__(self, name: str, /, **fields: object) -> None:
        """`name` is that of a text; click adds the parameter."""
        self.texts = {language: text(name, language, **fields) for language in LANGUAGES}
        super().__init__(self.texts["en"])


class Misused(click.UsageError):
    """A command line whose parts do not fit together, said in both languages."""

    def __init__(self, name: str, /, **fields: object) -> None:
        """`name` is that of a text."""
        self.texts = {language: text(name, language, **fields) for language in LANGUAGES}
        super().__init__(self.texts["en"])
