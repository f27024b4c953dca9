"""What concessions say, and what deeds, rules and faults are called, in Chinese and English."""

from typing import Final

CONCESSIONS: Final = {
    "concession_one_machine": (
        "所有城市、数据库与客户端同在一台机器，争用同一处理器与磁盘。",
        (
            "All cities, databases and clients are on one machine, and compete for its"
            " processor and disk."
        ),
    ),
    "concession_precedence": (
        "正在启动的进程先于正在服务的进程使用处理器：真实城市启动时独占自己的机器。",
        (
            "A process that starts goes before those that serve: in earnest a city that starts has"
            " a machine to itself."
        ),
    ),
    "concession_loopback": (
        "城市之间是本机回环，除故障外没有真实网络的延迟与丢包。",
        (
            "Cities reach each other over loopback: without a fault there is none of a real"
            " network's delay and loss."
        ),
    ),
    "concession_proxies": (
        "线路故障由每条线路上的 TCP 代理制造：丢包表现为停顿与断连，而非数据包丢失。",
        (
            "Faults of lines are made by a TCP proxy in each: a lossy line stalls and cuts"
            " connections, it does not lose packets."
        ),
    ),
    "concession_none": (
        "线路上没有代理，不能制造线路故障。",
        "Lines are plain: none can be broken.",
    ),
    "concession_made_cities": (
        "第六个起的城市为虚构，规则取自真实五城。",
        "Cities from the sixth on are made up, with the rules of the five.",
    ),
    "concession_residents": (
        "居民、证件号码与信用记录均为虚构。",
        "Residents, their documents and their records are made up.",
    ),
    "concession_keys": (
        "私钥在文件中，不在硬件设备里。",
        "Private keys are in files, not in hardware.",
    ),
    "concession_samples": (
        "节点进程每秒取样一次，两次取样之间的峰值看不到；PostgreSQL 自身的内存不在其中。",
        (
            "The nodes' processes are sampled once a second: a peak between two samples is not"
            " seen, nor is PostgreSQL's own memory."
        ),
    ),
    "concession_kept": (
        "磁盘的持久性以操作系统的 fsync 为准；kill -9 不是断电。",
        "A write is durable as far as the machine's fsync goes; a kill -9 is no power cut.",
    ),
    "concession_quiet_nodes": ("节点日志级别为 warning。", "Nodes log warnings only."),
    "concession_no_metrics": ("节点未开启指标。", "Nodes give no metrics."),
}

DEEDS: Final = {
    "deed_consent": ("给予授权", "give a consent"),
    "deed_withdraw": ("撤回授权", "withdraw a consent"),
    "deed_code": ("出示码", "make a presentation code"),
    "deed_check": ("资格核验", "check eligibility"),
    "deed_redeem": ("兑现激励", "redeem"),
    "deed_reserve": ("预留名额", "reserve"),
    "deed_confirm": ("确认预留", "confirm a reservation"),
    "deed_release": ("释放预留", "release a reservation"),
    "deed_standing": ("查看信用状况", "look at the own standing"),
    "deed_visits": ("查看使用记录", "look at the own visits"),
    "deed_records": ("部门报送记录", "a department loads records"),
}

RULES: Final = {
    "rule_acts": ("留痕", "acts"),
    "rule_consent": ("授权", "consent"),
    "rule_capacity": ("名额", "capacity"),
    "rule_repetition": ("重复", "repetition"),
    "rule_suspension": ("暂停", "suspension"),
    "rule_logs": ("日志", "logs"),
}

FAULTS: Final = {
    "kind_kill": ("强制结束", "kill"),
    "kind_pause": ("暂停", "pause"),
    "kind_restart": ("重新启动", "restart"),
    "kind_slow": ("线路变慢", "slow line"),
    "kind_lossy": ("线路丢包", "lossy line"),
    "kind_cut": ("线路中断", "cut line"),
    "kind_clock": ("时钟跳变", "clock jump"),
    "kind_disk": ("磁盘已满", "full disk"),
    "kind_certificate": ("证书过期", "expired cert."),
    "kind_flood": ("请求洪水", "flood"),
    "kind_garbage": ("乱码作答", "garbage"),
}
