"""What `up`, `status`, `fault`, `mend` and `down` say, in Chinese and in English."""

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "stage_stores": ("数据库、密钥与设置", "stores, keys, settings"),
    "stage_cities": ("启动各城市", "cities"),
    "stage_rules": ("载入规则", "rules"),
    "stage_pairs": ("两两结为伙伴并签署协议", "pairs become partners, and agree"),
    "stage_residents": ("登记居民", "residents"),
    "stage_records": ("载入记录", "records"),
    "stage_consents": ("居民授权", "consents"),
    "head_city": ("城市", "City"),
    "head_code": ("代码", "Code"),
    "head_process": ("进程", "Process"),
    "head_pid": ("PID", "PID"),
    "head_state": ("状态", "State"),
    "head_local": ("本地端口", "Local port"),
    "head_peer": ("伙伴端口", "Peer port"),
    "head_memory": ("内存", "Memory"),
    "head_files": ("打开的文件", "Open files"),
    "head_kind": ("故障", "Fault"),
    "head_what": ("内容", "What it is"),
    "head_where": ("对象", "Of"),
    "head_takes": ("参数（缺省值）", "Takes (what it is where nothing is said)"),
    "state_serving": ("正在服务", "serving"),
    "state_starting": ("运行但不能服务", "not serving yet"),
    "state_paused": ("已暂停", "paused"),
    "state_down": ("未运行", "down"),
    "of_city": ("城市", "a city"),
    "of_line": ("线路", "a line"),
    "links": ("城市之间的线路：{name}", "Lines between cities: {name}"),
    "open": ("故障 {fault}（{kind}，{where}）：{name}", "Fault {fault} ({kind}, {where}): {name}"),
    "begun": (
        "故障 {fault} 已开始（{kind}，{where}）：{name}",
        "Fault {fault} has begun ({kind}, {where}): {name}",
    ),
    "mended": (
        "故障 {fault} 已排除，{seconds:.2f} 秒后恢复服务",
        "Fault {fault} is mended; all served again after {seconds:.2f} s",
    ),
    "mended_not_serving": (
        "故障 {fault} 已排除，但未能恢复服务；原因见 faults.jsonl",
        "Fault {fault} is mended, but not all serve again; faults.jsonl says why",
    ),
    "nothing_to_mend": ("没有故障需要排除。", "No fault is open."),
    "down": ("已全部停止；没有遗留任何进程。", "All of it has ended; nothing is left running."),
    "not_up": ("这里没有运行中的城市。", "Nothing runs here."),
}
