"""All that the report says, in Chinese and in English; what is in braces is filled in."""

from typing import Final

from scripts.harnessing.loading.mixes import KINDS
from scripts.harnessing.reporting.named import CONCESSIONS, DEEDS, FAULTS, RULES

LANGUAGES: Final = ("zh", "en")

_HEADS: Final = {
    "title": ("互通：多城负载与故障测试报告", "Hutong: cities under load and faults"),
    "subtitle": (
        "{cities} 个城市，{began} 起（UTC），共 {minutes} 分钟",
        "{cities} cities, from {began} UTC, {minutes} minutes",
    ),
    "reading": ("正在读取 ...", "reading ..."),
    "written": ("报告：{path}", "Report: {path}"),
    "made": ("报告生成时间", "Report made"),
    "good": (
        "合格：全部承诺均已核实成立。",
        "Good: every promise was looked at, and holds.",
    ),
    "broken": (
        "不合格：下列承诺被违反。",
        "Not good: a promise is broken; which, is told below.",
    ),
    "unseen": (
        "未见违反，但有承诺未能核实，见下。",
        "No promise was seen to be broken, but not each could be looked at; why, is told below.",
    ),
    "held_word": ("成立", "holds"),
    "broken_word": ("违反", "broken"),
    "unseen_word": ("未核实", "not seen"),
}

_POINTS: Final = {
    "point_invariants": ("不变量全部成立", "No invariant is broken"),
    "point_lost": ("已确认的操作无一丢失", "No acknowledged act is lost"),
    "point_figures": ("性能数字有效", "The figures count"),
    "point_recovery": (
        "每次故障后 {limit} 秒内恢复",
        "After each fault the city serves within {limit} s",
    ),
    "point_memory": ("内存平稳（热身后增长不超过十分之一）", "Memory is flat within a tenth"),
    "point_files": ("文件描述符数平稳", "File descriptors are flat"),
    "not_checked": (
        "尚未核查；请运行 scripts/harness check",
        "nothing was checked; run scripts/harness check",
    ),
    "checked_before": (
        "核查早于最后一次负载的结束；请重新运行 scripts/harness check",
        "the check is older than the end of the last load; run scripts/harness check again",
    ),
    "checked_nothing": ("核查未看到任何内容", "the check had nothing to look at"),
    "violated": ("规则 {rule}「{zh}」：{count} 处违反", "rule {rule}, {en}: {count} violations"),
    "acts_lost": (
        "{count} 项与记录不符，见下方不变量",
        "{count} do not agree with the nodes' records; see the invariants below",
    ),
    "no_acts": ("核查未看到已确认的操作", "the check saw no acknowledged act"),
    "no_load": (
        "没有负载；请运行 scripts/harness load --rate 50 --for 60",
        "no load was offered; run scripts/harness load --rate 50 --for 60",
    ),
    "invalid": ("{zh}", "{en}"),
    "no_faults": (
        "没有故障；可用 scripts/harness fault 制造",
        "no fault was made; scripts/harness fault makes one",
    ),
    "not_mended": (
        "故障 {fault}（{zh}，{city}）至今未解除",
        "fault {fault} ({kind}, {city}) was never mended",
    ),
    "not_recovered": (
        "故障 {fault}（{zh}，{city}）解除后未见恢复",
        "after fault {fault} ({kind}, {city}) the city was not seen to serve again",
    ),
    "slow_recovery": (
        "故障 {fault}（{zh}，{city}）解除后 {seconds} 秒才恢复，上限 {limit} 秒",
        "after fault {fault} ({kind}, {city}) it took {seconds} s; the limit is {limit} s",
    ),
    "grown": ("{process} 变化 {percent}%", "{process}: {percent} % from warm-up to end"),
    "too_short": (
        "没有进程在负载下连续运行满 {minutes} 分钟，无法判断",
        "no process lived through {minutes} minutes of load: too short to tell",
    ),
    "some_too_short": (
        "{processes} 在负载下没有连续运行满 {minutes} 分钟，无法判断",
        "{processes} never lived through {minutes} minutes of load: too short to tell",
    ),
}

_SECTIONS: Final = {
    "what_ran": ("测试环境", "What was run"),
    "city": ("城市", "City"),
    "code": ("代码", "Code"),
    "store": ("存储", "Store"),
    "processes": ("进程数", "Processes"),
    "links": ("城市间线路", "Lines between cities"),
    "residents": ("每城居民", "Residents in each city"),
    "seed": ("随机种子", "Seed"),
    "links_proxies": ("每条线路一个 TCP 代理", "a TCP proxy in each"),
    "links_namespaces": ("网络命名空间与 tc netem", "network namespaces and tc netem"),
    "links_why": ("{links}（选择：{why}）", "{links} ({why})"),
    "links_none": ("直接回环，不可制造线路故障", "plain loopback, without faults of lines"),
    "version_machine": ("操作系统", "System"),
    "version_processor": ("处理器", "Processor"),
    "version_cores": ("处理器核数", "Processor cores"),
    "version_memory": ("机器内存", "Memory of the machine"),
    "loads": ("负载", "Loads"),
    "load_rate": ("每秒流程", "Journeys/s"),
    "load_began": ("开始", "Began"),
    "load_lasted": ("时长", "Lasted"),
    "load_window": ("取数窗口", "Window of figures"),
    "load_mix": ("流程比例", "Mix of journeys"),
    "main_load": ("以下数字取自此负载", "the figures below are of this one"),
    "on_time": ("同一时间轴", "On one time axis"),
    "axis_note": (
        "各图横轴相同：自 {began}（UTC）起的分:秒。色带为故障，编号见故障表；每点为 {step} 秒。",
        (
            "All plots have one axis: minutes and seconds from {began} UTC. Coloured bands are"
            " faults, by their number in the table of faults. A point is {step} s."
        ),
    ),
    "plot_faults": ("故障与恢复所需秒数", "Faults, and seconds to recover"),
    "plot_rate": ("每秒请求：应发与成功应答", "Calls per second: due, and answered well"),
    "plot_errors": ("每秒错误，按原因", "Errors per second, by reason"),
    "plot_waits": (
        "等待时间分位数（自应发时刻起；对数轴）",
        "What callers waited, from when the call was due (logarithmic)",
    ),
    "plot_memory": ("常驻内存，MB", "Resident memory, MB"),
    "plot_files": ("打开的文件描述符", "Open file descriptors"),
    "plot_cpu": ("处理器核数", "Processor cores in use"),
    "plot_log": ("默克尔日志条目数", "Entries of the Merkle log"),
    "due": ("应发", "due"),
    "answered": ("成功应答", "answered well"),
    "no_errors": ("没有错误", "no errors"),
    "no_data": ("没有数据", "no data"),
    "recovered_in": ("{seconds} 秒恢复", "{seconds} s"),
}

_TABLES: Final = {
    "figures": ("等待时间，按操作", "What callers waited, by deed"),
    "figures_note": (
        (
            "开环负载：不等待先前应答，等待自应发时刻算起。仅取稳态窗口内的请求（{seconds} 秒），"
            "等到时限仍无应答者同样计入；未能连接或未发出的没有等待时间，计为错误。单位毫秒。"
        ),
        (
            "Open loop: a call is due whether or not earlier ones were answered, and waiting is"
            " counted from when it was due. Only calls due in the steady window ({seconds} s). Who"
            " waited to the deadline in vain counts with that; what could not be connected, or was"
            " not sent, has no waiting and is an error. In milliseconds."
        ),
    ),
    "figures_invalid": ("这些数字无效，因为：", "These figures do not count, because:"),
    "peak_calls": (
        (
            "每个流程约 {each} 次请求，即每秒 {calls} 次请求获应答；"
            "原文章所述平台为每秒 500 次，其机器与规则均不同。"
        ),
        (
            "At {each} calls in a journey that is {calls} answered calls a second. The source"
            " article gives 500 a second for its platform, on other machines and by other rules."
        ),
    ),
    "peak": (
        (
            "全部规则生效时的可持续速率：每秒 {rate} 个流程（试了 {tried} 个速率，"
            "每个 {seconds} 秒：流程的 99 % 成功，p99 低于一秒，等待的请求不再增多）。"
        ),
        (
            "Sustained with every rule on: {rate} journeys a second, the highest of {tried} rates"
            " that were tried for {seconds} s each at which 99 % go well, p99 is below a second,"
            " and no more and more calls wait."
        ),
    ),
    "sustained": (
        (
            "每秒成功 {rate} 次流程（应发 {due} 次，开始 {started} 次，每一步均成功 {well} 次）；"
            "每秒 {calls} 次请求获应答。"
        ),
        (
            "{rate} journeys a second went well: {due} were due, {started} begun, {well} well"
            " in every call; {calls} calls a second were answered."
        ),
    ),
    "deed": ("操作", "Deed"),
    "calls": ("请求数", "Calls"),
    "rate": ("每秒", "Per second"),
    "failed": ("未成功", "Not well"),
    "longest": ("最长", "Longest"),
    "all_deeds": ("合计", "All"),
    "histogram": ("等待时间分布", "How long calls took"),
    "percentiles": ("各分位的等待时间", "What each share of calls took at most"),
    "outcomes": ("结果", "How calls ended"),
    "outcome": ("结果", "Outcome"),
    "share": ("占比", "Share"),
    "faults": ("故障", "Faults"),
    "fault": ("编号", "No."),
    "kind": ("种类", "Kind"),
    "at": ("时刻", "At"),
    "lasted": ("持续", "Lasted"),
    "recovered": ("恢复", "Recovered"),
    "effect": ("涉及该城的失败请求", "Failed calls with these cities"),
    "others_effect": ("其他城市间的失败请求", "Failed calls among others"),
    "no_fault_rows": ("没有制造故障。", "No fault was made."),
    "open_fault": ("未解除", "not mended"),
    "not_seen": ("未见", "not seen"),
    "invariants": ("不变量", "Invariants"),
    "rule": ("规则", "Rule"),
    "invariant": ("不变量", "Invariant"),
    "looked_at": ("核查数", "Looked at"),
    "violations": ("违反", "Violations"),
    "nothing_seen": ("无可核查", "nothing to look at"),
    "evidence": ("证据", "Evidence"),
    "more": ("另有 {count} 处", "and {count} more"),
    "checked_at": ("核查时间 {at}（UTC）。", "Checked at {at} UTC."),
    "counts": ("客户端计数与节点日志", "The clients' counts against the nodes' logs"),
    "counts_note": (
        (
            "客户端被告知已完成的事项（每件一次），与其中在节点存储、默克尔日志中找到的对照；"
            "其下为客户端获确认的变更请求（按请求编号去重）。"
        ),
        (
            "What clients were told is done, each thing once, against how many of those very things"
            " the nodes' stores have, and their logs. Below, the requests of clients that changed"
            " something and were acknowledged, each once."
        ),
    ),
    "told": ("客户端", "Clients"),
    "kept": ("存储", "Stores"),
    "logged": ("日志", "Logs"),
    "untraced": ("不留痕", "no trace"),
    "counted_consent": ("给予的授权", "consents given"),
    "counted_withdrawal": ("撤回的授权", "consents withdrawn"),
    "counted_check": ("资格核验", "checks of eligibility"),
    "counted_use": ("激励的使用", "uses of incentives"),
    "counted_record": ("部门报送的记录", "records of departments"),
    "requests": ("请求：{deed}", "requests: {deed}"),
    "acknowledged": ("已确认的请求，共计", "requests acknowledged, in all"),
    "growth": ("内存与文件", "Memory and files"),
    "growth_note": (
        "每个进程的每次连续运行（重新启动后另计）：热身后首段与末段的中位数。",
        (
            "Each life of a process (another begins when it is started anew): medians of the"
            " first part after its warm-up, and of the last part."
        ),
    ),
    "process": ("进程", "Process"),
    "what": ("项目", "What"),
    "memory": ("内存，MB", "memory, MB"),
    "files": ("文件描述符", "open files"),
    "warm": ("热身后", "After warm-up"),
    "end": ("结束", "At the end"),
    "change": ("变化", "Change"),
    "minutes": ("分钟", "Minutes"),
    "safeties": ("各项安全措施的代价", "What each safety costs"),
    "safeties_note": (
        "同一台机器上轮流测量单个节点每秒的应答数，以裸回显为一；柱高为每次应答的代价。",
        (
            "Answers per second of one node, measured in turn on this machine, as ratios to a"
            " bare echo; the height of a bar is the cost of an answer."
        ),
    ),
    "level": ("层次", "Level"),
    "per_second": ("每秒", "Per second"),
    "ratio": ("与裸回显之比", "Ratio to bare echo"),
    "concessions": ("让步", "Concessions"),
    "concessions_note": (
        "与真实部署的不同之处，逐项列出。",
        "Where this run is not as cities would have it, each listed.",
    ),
    "seconds_unit": ("{n} 秒", "{n} s"),
}

TEXTS: Final = _HEADS | _POINTS | _SECTIONS | _TABLES | CONCESSIONS | DEEDS | RULES | FAULTS


class Words:
    """The texts of one language."""

    def __init__(self, lang: str) -> None:
        """`lang` is "zh" or "en"."""
        self.lang = lang
        self._place = LANGUAGES.index(lang)

    def __getitem__(self, name: str) -> str:
        """A text as it is; raises KeyError for one that there is not."""
        return TEXTS[name][self._place]

    def say(self, name: str, /, **words: object) -> str:
        """A text, filled in."""
        return self[name].format(**words)

    def deed(self, name: str) -> str:
        """A deed by its name in the records; one that is not known as it is called."""
        return self[f"deed_{name}"] if f"deed_{name}" in TEXTS else name

    def rule(self, name: str) -> str:
        """A rule by its number, and what belongs to no rule in a word."""
        return self[f"rule_{name}"] if f"rule_{name}" in TEXTS else name

    def version(self, name: str) -> str:
        """What a version is of; a program or a library as it is called."""
        return self[f"version_{name}"] if f"version_{name}" in TEXTS else name

    def kind(self, name: str) -> str:
        """A kind of fault, in a word or two; one that is not known as it is called."""
        return self[f"kind_{name}"] if f"kind_{name}" in TEXTS else name

    def journey(self, name: str) -> str:
        """A kind of journey: its name, or how its description in Chinese begins."""
        found = KINDS.get(name)
        return name if found is None else self.either(found.zh.partition("：")[0], name)

    def either(self, zh: str, en: str) -> str:
        """Of two texts the one in this language."""
        return zh if self.lang == "zh" else en
